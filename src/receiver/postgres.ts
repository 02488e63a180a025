/** PostgreSQL, for the receiver's state and for a sink: the one file that knows the package. */
import pg from "pg";

export type Pool = pg.Pool;
export type Session = pg.PoolClient;

export interface PostgresPlace {
  /** `postgresql://user@host/database`, with `sslmode=verify-full` where a network lies between. */
  readonly url: string;
  readonly password?: string;
}

/** Connects when it is first used. @param sessions at most; each costs PostgreSQL some 10 MB. */
export function openPool({ url, password }: PostgresPlace, sessions: number): Pool {
  const pool = new pg.Pool({ connectionString: withPassword(url, password), max: sessions });
  // A session that breaks while it is idle is replaced by the next one; one at work fails its work.
  pool.on("error", () => undefined);
  return pool;
}

/** A text as it stands in a statement: for runAll(), which has no parameters. */
export const literal = (text: string): string => pg.escapeLiteral(text);

/** Several statements in one round trip, each seeing what was committed before it began. @returns the rows of each. */
export async function runAll(
  session: Session,
  statements: readonly string[],
): Promise<readonly (readonly unknown[])[]> {
  const results: pg.QueryResult | readonly pg.QueryResult[] = await session.query(statements.join(";"));
  return [results].flat().map(({ rows }) => rows);
}

/** What the server says is wrong with what it was given (SQLSTATE); undefined where the error is none of the server's. */
export function sqlState(error: unknown): string | undefined {
  return error instanceof pg.DatabaseError ? error.code : undefined;
}

/** Into the URL: what stands there goes before what stands beside it, even where it is empty. */
function withPassword(url: string, password: string | undefined): string {
  if (password === undefined) return url;
  const [, scheme = "", user = "", rest = ""] = /^(\w+:\/\/)(?:([^@/?]*)@)?(.*)$/.exec(url) ?? [];
  return `${scheme}${user}:${encodeURIComponent(password)}@${rest}`;
}
