import { defineErrors, ExitCode } from "../errors/error.ts";

export const errors = defineErrors({
  RECEIVER_FAILED: {
    what: {
      fr: "Le récepteur n'a pas pu garder un segment ; il n'en a pas accusé réception.",
      en: "The receiver could not keep a segment; it gave no receipt for it.",
    },
    remedy: {
      fr: "Regardez la cause (base de données, serveur FHIR, disque). La passerelle renverra le segment.",
      en: "See the cause (database, FHIR server, disk). The gateway will send the segment again.",
    },
    exit: ExitCode.tempFail,
  },
  RECEIVER_STATE_OPEN: {
    what: { fr: "L'état du récepteur ne s'ouvre pas.", en: "The receiver's state cannot be opened." },
    remedy: {
      fr: "Vérifiez le fichier ou la base, les droits, et qu'aucun autre récepteur ne tient le même fichier.",
      en: "Check the file or the database, the rights, and that no other receiver holds the same file.",
    },
    exit: ExitCode.io,
  },
  RECEIVER_STATE_NEWER: {
    what: {
      fr: "L'état du récepteur a été écrit par une version plus récente.",
      en: "The receiver's state was written by a newer version.",
    },
    remedy: {
      fr: "Installez cette version ou une plus récente. Rien n'a été modifié.",
      en: "Install that version or a newer one. Nothing was changed.",
    },
    exit: ExitCode.config,
  },
  RECEIVER_STATE_DAMAGED: {
    what: { fr: "L'état du récepteur est abîmé.", en: "The receiver's state is damaged." },
    remedy: {
      fr: "Restaurez une sauvegarde. Les passerelles renverront ce qui manque depuis.",
      en: "Restore a backup. The gateways send again what is missing since.",
    },
    exit: ExitCode.data,
  },
  RECEIVER_DIRECTORY_INVALID: {
    what: {
      fr: "L'annuaire des passerelles ne se lit pas en entier.",
      en: "The directory of gateways cannot be read whole.",
    },
    remedy: {
      fr: "Corrigez le fichier nommé ; il est relu de lui-même. Un récepteur qui tourne garde l'annuaire d'avant.",
      en: "Mend the named file; it is read again by itself. A receiver that is running keeps the directory of before.",
    },
    exit: ExitCode.config,
  },
  RECEIVER_SINK_OPEN: {
    what: {
      fr: "Une sortie du récepteur ne s'ouvre pas.",
      en: "A sink of the receiver cannot be opened.",
    },
    remedy: {
      fr: "Vérifiez l'adresse, le mot de passe et les droits : la base doit exister, et l'utilisateur pouvoir y créer la table, ou y écrire.",
      en: "Check address, password and rights: the database has to exist, and the user to be allowed to make the table, or to write into it.",
    },
    exit: ExitCode.tempFail,
  },
  RECEIVER_TLS_UNUSABLE: {
    what: {
      fr: "Le certificat du récepteur, sa clé ou les autorités des passerelles ne sont pas utilisables.",
      en: "The receiver's certificate, its key or the gateways' authorities cannot be used.",
    },
    remedy: {
      fr: "Vérifiez les fichiers de `receiver.listen.tls` : PEM, et une clé qui est celle du certificat.",
      en: "Check the files of `receiver.listen.tls`: PEM, and a key that is the certificate's.",
    },
    exit: ExitCode.config,
  },
  RECEIVER_NOT_LISTENING: {
    what: {
      fr: "Le récepteur ne peut pas écouter à cette adresse.",
      en: "The receiver cannot listen at this address.",
    },
    remedy: {
      fr: "Vérifiez `receiver.listen` : un port libre (`ss -ltnp`), permis à cet utilisateur, à une adresse de cette machine.",
      en: "Check `receiver.listen`: a free port (`ss -ltnp`) that this user may take, at an address of this machine.",
    },
    exit: ExitCode.tempFail,
  },
  RECEIVER_GATEWAY_SILENT: {
    what: { fr: "Une passerelle ne dit plus rien.", en: "A gateway says nothing any more." },
    remedy: {
      fr: "Vérifiez sur place le courant et le réseau, et `systemctl status vigie`. Ce qu'elle garde viendra quand elle reviendra. Si elle n'a rien à dire aussi longtemps, allongez `silentAfterMinutes`.",
      en: "Check power and network on site, and `systemctl status vigie`. What it keeps comes when it is back. Where it has nothing to say for so long, lengthen `silentAfterMinutes`.",
    },
    exit: ExitCode.tempFail,
  },
  RECEIVER_CHAIN_BROKEN: {
    what: {
      fr: "La chaîne d'une passerelle est rompue : elle a deux histoires, ou son disque est revenu à une copie plus ancienne.",
      en: "A gateway's chain is broken: it has two histories, or its disk went back to an older copy.",
    },
    remedy: {
      fr: "Demandez ce qui a été fait de son disque. `vigie journal verify` sur la passerelle, puis un nouveau journal (nouvelle époque) si le disque a été restauré.",
      en: "Ask what was done to its disk. `vigie journal verify` on the gateway, then a new journal (a new epoch) where the disk was restored.",
    },
    exit: ExitCode.data,
  },
  RECEIVER_CHAIN_GAP: {
    what: {
      fr: "Des segments d'une passerelle attendent ce qui les précède, et qui ne vient pas.",
      en: "Segments of a gateway wait for what is before them, which does not come.",
    },
    remedy: {
      fr: "Après la restauration d'une sauvegarde de l'état, les passerelles renvoient d'elles-mêmes ce qu'elles ont encore. Si rien ne vient, regardez les livraisons de la passerelle (`vigie deliveries`) : ce qui manque peut n'y être plus.",
      en: "After the state was restored from a backup, gateways send again by themselves what they still have. Where nothing comes, look at the gateway's deliveries (`vigie deliveries`): what is missing may be there no more.",
    },
    exit: ExitCode.data,
  },
  RECEIVER_CLOCK_BACK: {
    what: {
      fr: "L'horloge d'une passerelle, qui était réglée, est revenue en arrière.",
      en: "The clock of a gateway, which had been set, went back.",
    },
    remedy: {
      fr: "Vérifiez la source de temps de la passerelle (`timedatectl`) ; l'ordre de ses mesures est celui de la chaîne.",
      en: "Check the gateway's source of time (`timedatectl`); the order of its readings is that of the chain.",
    },
    exit: ExitCode.data,
  },
  RECEIVER_OVERTAKEN: {
    what: {
      fr: "Un autre récepteur a avancé pendant que celui-ci tenait la passerelle.",
      en: "Another receiver moved on while this one held the gateway.",
    },
    remedy: {
      fr: "Rien à faire : le segment revient. Si cela se répète, regardez la connexion à la base.",
      en: "Nothing to do: the segment comes again. Where it repeats, look at the connection to the database.",
    },
    exit: ExitCode.tempFail,
  },
  RECEIVER_CLOSED: {
    what: { fr: "Le récepteur s'arrête.", en: "The receiver is stopping." },
    remedy: { fr: "Rien à faire.", en: "Nothing to do." },
    exit: ExitCode.ok,
  },
});
