import { defineErrors, ExitCode } from "../errors/error.ts";

export const errors = defineErrors({
  REGISTRY_INVALID: {
    what: {
      fr: "Ce qui est donné au registre n'a pas la bonne forme.",
      en: "What is given to the registry is not of the right form.",
    },
    remedy: {
      fr: "Corrigez les champs nommés ; docs/persons.md donne la forme de chacun.",
      en: "Correct the fields that are named; docs/persons.md gives the form of each.",
    },
    exit: ExitCode.data,
  },
  DEVICE_UNKNOWN: {
    what: { fr: "Cet appareil n'est pas au registre.", en: "This device is not in the registry." },
    remedy: {
      fr: "`vigie devices list` donne les appareils connus ; `vigie devices add` en ajoute un.",
      en: "`vigie devices list` gives the known devices; `vigie devices add` adds one.",
    },
    exit: ExitCode.data,
  },
  DEVICE_ASSIGNED: {
    what: { fr: "Cet appareil est encore attribué.", en: "This device is still assigned." },
    remedy: {
      fr: "Terminez d'abord l'attribution : `vigie assign end`.",
      en: "End the assignment first: `vigie assign end`.",
    },
    exit: ExitCode.data,
  },
  DEVICE_DRIVER_UNFIT: {
    what: {
      fr: "Ce pilote n'existe pas, ou il lit un autre genre d'appareil.",
      en: "There is no such driver, or it reads another kind of device.",
    },
    remedy: {
      fr: "`vigie drivers` donne la liste ; une adresse Bluetooth veut un pilote Bluetooth, un nom un pilote série.",
      en: "`vigie drivers` lists them; a Bluetooth address wants a Bluetooth driver, a name a serial one.",
    },
    exit: ExitCode.data,
  },
  DEVICE_PORT_TAKEN: {
    what: {
      fr: "Un autre appareil du registre est sur ce port série.",
      en: "Another device of the registry is on this serial port.",
    },
    remedy: {
      fr: "Retirez l'autre appareil, ou donnez-lui un autre port : `vigie devices add`.",
      en: "Remove the other device, or give it another port: `vigie devices add`.",
    },
    exit: ExitCode.data,
  },
  DEVICE_WITHOUT_LINK: {
    what: {
      fr: "Un appareil du registre n'est lu par aucune liaison.",
      en: "A device of the registry is read by no link.",
    },
    remedy: {
      fr: "Bluetooth : ajoutez `links.ble` à la configuration. Série : donnez son port et son pilote, `vigie devices add … --port … --driver …`.",
      en: "Bluetooth: add `links.ble` to the configuration. Serial: give its port and driver, `vigie devices add … --port … --driver …`.",
    },
    exit: ExitCode.config,
  },
  PERSON_NOT_REGISTERED: {
    what: { fr: "Cette personne n'est pas au registre.", en: "This person is not in the registry." },
    remedy: {
      fr: "`vigie persons list` donne les personnes connues ; `vigie persons add` en ajoute une.",
      en: "`vigie persons list` gives the known persons; `vigie persons add` adds one.",
    },
    exit: ExitCode.data,
  },
  PERSON_ASSIGNED: {
    what: { fr: "Un appareil est encore attribué à cette personne.", en: "A device is still assigned to this person." },
    remedy: {
      fr: "Terminez d'abord l'attribution : `vigie assign end`.",
      en: "End the assignment first: `vigie assign end`.",
    },
    exit: ExitCode.data,
  },
  BADGE_TAKEN: {
    what: { fr: "Ce badge est celui d'une autre personne.", en: "This badge is another person's." },
    remedy: {
      fr: "Donnez un autre badge, ou retirez-le d'abord à l'autre personne.",
      en: "Give another badge, or take it from the other person first.",
    },
    exit: ExitCode.data,
  },
  BADGE_UNKNOWN: {
    what: { fr: "Ce badge n'est celui de personne.", en: "This badge is nobody's." },
    remedy: {
      fr: "Donnez-le à une personne : `vigie persons add … --badge`.",
      en: "Give it to a person: `vigie persons add … --badge`.",
    },
    exit: ExitCode.data,
  },
  BADGE_NOT_SHOWN: {
    what: { fr: "Aucun badge n'a été présenté au lecteur.", en: "No badge was shown to the reader." },
    remedy: {
      fr: "Recommencez, et présentez le badge dans la minute.",
      en: "Begin anew, and show the badge within a minute.",
    },
    exit: ExitCode.tempFail,
  },
  BADGE_READER_UNKNOWN: {
    what: { fr: "Aucun lecteur de badges ne porte ce nom.", en: "No badge reader has this name." },
    remedy: {
      fr: "Prenez un nom de `links.badges` ; la passerelle doit tourner.",
      en: "Take a name from `links.badges`; the gateway must be running.",
    },
    exit: ExitCode.data,
  },
  BADGE_DISPLACED: {
    what: {
      fr: "Un badge a fermé la session de quelqu'un d'autre, et n'en a pas ouvert.",
      en: "A badge closed somebody else's session, and opened none.",
    },
    remedy: {
      fr: "Présentez-le de nouveau ; une mesure en route de l'autre personne attendra en quarantaine.",
      en: "Show it again; a reading of the other person that is on its way will wait in quarantine.",
    },
    exit: ExitCode.tempFail,
  },
  INS_TEST_REFUSED: {
    what: {
      fr: "Une identité de test ou de démonstration n'entre pas dans un registre en service.",
      en: "A test or demonstration identity does not enter a registry in service.",
    },
    remedy: {
      fr: "Donnez l'INS réel ; pour un essai seulement, `registry.testIdentities: true`.",
      en: "Give the real INS; for a trial only, `registry.testIdentities: true`.",
    },
    exit: ExitCode.data,
  },
  ASSIGNMENT_UNKNOWN: {
    what: { fr: "Cette attribution n'existe pas.", en: "There is no such assignment." },
    remedy: { fr: "`vigie assign list --all` les donne toutes.", en: "`vigie assign list --all` lists them all." },
    exit: ExitCode.data,
  },
  ASSIGNMENT_CORRECTED: {
    what: {
      fr: "Cette attribution a déjà été corrigée par une autre.",
      en: "This assignment was corrected by another already.",
    },
    remedy: { fr: "Corrigez celle qui la remplace.", en: "Correct the one that replaces it." },
    exit: ExitCode.data,
  },
  ASSIGNMENT_PERIOD: {
    what: { fr: "La fin d'une attribution doit venir après son début.", en: "An assignment must end after it begins." },
    remedy: { fr: "Corrigez `--from` ou `--until`.", en: "Correct `--from` or `--until`." },
    exit: ExitCode.data,
  },
  ASSIGNMENT_OVERLAPS: {
    what: {
      fr: "Une autre attribution du même appareil couvre déjà une partie de cette période.",
      en: "Another assignment of the same device covers part of this period already.",
    },
    remedy: {
      fr: "Terminez l'autre (`vigie assign end`), corrigez-la (`vigie assign correct`), ou changez la période.",
      en: "End the other (`vigie assign end`), correct it (`vigie assign correct`), or change the period.",
    },
    exit: ExitCode.data,
  },
  ASSIGNMENT_HAS_READINGS: {
    what: {
      fr: "Des mesures de cette période ont déjà été attribuées : elles ne seraient plus à personne.",
      en: "Readings of this period have been attributed already: they would be nobody's.",
    },
    remedy: {
      fr: "Nommez la personne à qui elles sont : `vigie assign correct … --person`, en gardant leur période couverte.",
      en: "Name the person whose they are: `vigie assign correct … --person`, keeping their period covered.",
    },
    exit: ExitCode.data,
  },
  SESSION_OPEN: {
    what: { fr: "Une session est déjà ouverte sur cet appareil.", en: "A session is open on this device already." },
    remedy: {
      fr: "Attendez la mesure ou la fin de la session, ou fermez-la : `vigie sessions close`.",
      en: "Wait for the reading or the end of the session, or close it: `vigie sessions close`.",
    },
    exit: ExitCode.tempFail,
  },
  SESSION_UNKNOWN: {
    what: { fr: "Aucune session n'est ouverte sur cet appareil.", en: "No session is open on this device." },
    remedy: {
      fr: "`vigie sessions list` donne celles qui le sont.",
      en: "`vigie sessions list` gives those that are.",
    },
    exit: ExitCode.data,
  },
  STATE_REFUSED: {
    what: {
      fr: "Le document demande de réécrire ce qui a été : rien n'a été appliqué.",
      en: "The document asks to rewrite what has been: nothing was applied.",
    },
    remedy: {
      fr: "Une attribution passée se corrige avec un motif : `vigie assign correct`.",
      en: "A past assignment is corrected with a reason: `vigie assign correct`.",
    },
    exit: ExitCode.data,
  },
});
