/** Which slice an item belongs to, by the discriminators of its list. */
import type { Discriminator, Node } from "./definitions.ts";
import { hasPattern, type Json, objectOf, sameJson, valuesAt } from "./json.ts";
import type { Terminology } from "./terminology.ts";

/** What a discriminator may have to ask about a value. */
export interface Questions {
  readonly terminology: Terminology;
  /** Whether a value conforms to a profile without any error. */
  conforms(value: Json, profile: string): boolean;
  /** The resource of the bundle that a Reference names. */
  resolve(reference: Json): Json | undefined;
}

export function isInSlice(
  item: Json,
  slice: Node,
  discriminators: readonly Discriminator[],
  typeOf: (value: Json) => string | undefined,
  questions: Questions,
): boolean {
  return (
    discriminators.length > 0 &&
    discriminators.every((discriminator) => {
      const path = discriminator.path.split(".").filter((name) => name !== "$this");
      switch (discriminator.type) {
        case "type":
          return slice.types.some((type) => type.code === typeOf(item));
        case "profile":
          return hasProfile(item, slice, path, questions);
        default:
          return hasValue(item, slice, path, questions.terminology);
      }
    })
  );
}

function hasProfile(item: Json, slice: Node, path: readonly string[], questions: Questions): boolean {
  if (path[0] === "resolve()") {
    const target = questions.resolve(item);
    const profiles = slice.types.flatMap((type) => type.targets);
    return target !== undefined && profiles.some((profile) => questions.conforms(target, profile));
  }
  const node = path.reduce<Node | undefined>((at, name) => at?.children.get(name), slice);
  const profiles = node?.types.flatMap((type) => type.profiles) ?? [];
  return valuesAt(item, path).some((value) => profiles.some((profile) => questions.conforms(value, profile)));
}

type Test = (value: Json) => boolean;

function hasValue(item: Json, slice: Node, path: readonly string[], terminology: Terminology): boolean {
  const tests = expectations(slice, path, terminology);
  return tests.length > 0 && tests.some((test) => valuesAt(item, path).some(test));
}

/** What the slice's definition fixes at a path: there, above it in a pattern, or in a slice on the way. */
function expectations(node: Node, path: readonly string[], terminology: Terminology): readonly Test[] {
  const { fixed, pattern, binding } = node;
  const expected = fixed ?? pattern;
  if (expected !== undefined) {
    return valuesAt(expected, path).map(
      (part) => (value) => (fixed === undefined ? hasPattern(part, value) : sameJson(part, value)),
    );
  }
  const [name, ...rest] = path;
  if (name !== undefined) {
    const profile = node.types[0]?.profiles[0];
    if (name === "url" && node.types[0]?.code === "Extension" && profile !== undefined) {
      return [(value) => value === profile.split("|")[0]];
    }
    const child = node.children.get(name);
    if (child === undefined) return [];
    return [child, ...child.slices.values()].flatMap((next) => expectations(next, rest, terminology));
  }
  if (binding?.strength === "required") {
    return [(value) => typeof value === "string" && terminology.has(binding.valueSet, undefined, value) === true];
  }
  const parts = [...node.children].flatMap(([key, child]) => {
    const tests = [child, ...child.slices.values()].flatMap((next) => expectations(next, [], terminology));
    return tests.length === 0 ? [] : [{ key, tests }];
  });
  if (parts.length === 0) return [];
  return [
    (value) =>
      parts.every(({ key, tests }) => {
        const found = valuesAt(objectOf(value)[key], []);
        return found.some((part) => tests.some((test) => test(part)));
      }),
  ];
}
