import { defineErrors, ExitCode } from "../../errors/error.ts";

export const errors = defineErrors({
  BLE_BUS_UNREACHABLE: {
    what: { fr: "Le bus système (D-Bus) ne répond pas.", en: "The system bus (D-Bus) does not answer." },
    remedy: {
      fr: "Vérifiez que le service `dbus` tourne ; la passerelle réessaie d'elle-même.",
      en: "Check that the `dbus` service runs; the gateway tries again by itself.",
    },
    exit: ExitCode.tempFail,
  },
  BLE_SERVICE_ABSENT: {
    what: {
      fr: "Le service Bluetooth (bluetoothd) ne tourne pas.",
      en: "The Bluetooth service (bluetoothd) is not running.",
    },
    remedy: {
      fr: "`systemctl start bluetooth` ; la passerelle reprend d'elle-même dès son retour.",
      en: "`systemctl start bluetooth`; the gateway goes on by itself when it is back.",
    },
    exit: ExitCode.tempFail,
  },
  BLE_ADAPTER_ABSENT: {
    what: { fr: "Il n'y a pas d'adaptateur Bluetooth.", en: "There is no Bluetooth adapter." },
    remedy: {
      fr: "Branchez l'adaptateur, ou corrigez son nom dans la configuration (`hci0`).",
      en: "Plug the adapter in, or correct its name in the configuration (`hci0`).",
    },
    exit: ExitCode.tempFail,
  },
  BLE_ADAPTER_OFF: {
    what: { fr: "L'adaptateur Bluetooth est éteint.", en: "The Bluetooth adapter is switched off." },
    remedy: {
      fr: "`rfkill unblock bluetooth`, puis `bluetoothctl power on`.",
      en: "`rfkill unblock bluetooth`, then `bluetoothctl power on`.",
    },
    exit: ExitCode.tempFail,
  },
  BLE_CALL_TIMEOUT: {
    what: { fr: "Le service Bluetooth n'a pas répondu à temps.", en: "The Bluetooth service did not answer in time." },
    remedy: {
      fr: "Si cela dure : `systemctl restart bluetooth`.",
      en: "If it lasts: `systemctl restart bluetooth`.",
    },
    exit: ExitCode.tempFail,
  },
  BLE_CALL_REFUSED: {
    what: { fr: "Le service Bluetooth a refusé une demande.", en: "The Bluetooth service refused a request." },
    remedy: {
      fr: "La raison est dans « trouvé » ; la passerelle réessaie d'elle-même.",
      en: 'The reason stands under "found"; the gateway tries again by itself.',
    },
    exit: ExitCode.tempFail,
  },
  BLE_DISCOVERY_FAILED: {
    what: {
      fr: "La recherche d'appareils Bluetooth ne démarre pas.",
      en: "The search for Bluetooth devices does not start.",
    },
    remedy: {
      fr: "Si cela dure, débranchez et rebranchez l'adaptateur Bluetooth.",
      en: "If it lasts, unplug the Bluetooth adapter and plug it in again.",
    },
    exit: ExitCode.tempFail,
  },
  BLE_CONNECT_FAILED: {
    what: { fr: "La connexion à un appareil a échoué.", en: "Connecting to a device failed." },
    remedy: {
      fr: "Rapprochez l'appareil de la passerelle et refaites une mesure ; elle réessaie d'elle-même.",
      en: "Bring the device nearer to the gateway and measure again; it tries again by itself.",
    },
    exit: ExitCode.tempFail,
  },
  BLE_BOND_LOST: {
    what: {
      fr: "Un appareil appairé refuse la passerelle : il a oublié l'appairage.",
      en: "A paired device refuses the gateway: it has forgotten the pairing.",
    },
    remedy: {
      fr: "Appairez de nouveau cet appareil. Un appareil appairé entre-temps à un téléphone oublie souvent la passerelle.",
      en: "Pair this device again. A device that was paired with a telephone meanwhile often forgets the gateway.",
    },
    exit: ExitCode.tempFail,
  },
  BLE_SESSION_FAILED: {
    what: {
      fr: "Un appareil connecté n'a pas pu être lu ; il garde ses mesures.",
      en: "A connected device could not be read; it keeps its readings.",
    },
    remedy: {
      fr: "Refaites une mesure ; si cela dure, appairez l'appareil de nouveau.",
      en: "Measure again; if it lasts, pair the device again.",
    },
    exit: ExitCode.tempFail,
  },
  BLE_LINK_DROPPED: {
    what: {
      fr: "Un appareil est parti avant d'avoir pu être lu ; il garde ses mesures.",
      en: "A device left before it could be read; it keeps its readings.",
    },
    remedy: {
      fr: "Rapprochez l'appareil de la passerelle et refaites une mesure.",
      en: "Bring the device nearer to the gateway and measure again.",
    },
    exit: ExitCode.tempFail,
  },
  BLE_NO_CHANNEL: {
    what: {
      fr: "Un appareil n'offre aucune des mesures que son pilote sait lire.",
      en: "A device offers none of the measures that its driver can read.",
    },
    remedy: {
      fr: "Vérifiez le modèle de l'appareil et le pilote qui lui est donné (`vigie drivers`).",
      en: "Check the device's model and the driver that it was given (`vigie drivers`).",
    },
    exit: ExitCode.data,
  },
  BLE_NO_DRIVER: {
    what: { fr: "Aucun pilote ne connaît cet appareil enregistré.", en: "No driver knows this enrolled device." },
    remedy: {
      fr: "Donnez-lui un pilote dans la configuration (`vigie drivers` en donne la liste).",
      en: "Give it a driver in the configuration (`vigie drivers` lists them).",
    },
    exit: ExitCode.config,
  },
  BLE_PREPARE_FAILED: {
    what: {
      fr: "Une étape de préparation d'un appareil a échoué ; ses mesures sont lues quand même.",
      en: "A step of preparing a device failed; its readings are taken all the same.",
    },
    remedy: {
      fr: "Si c'est l'horloge, réglez-la sur l'appareil.",
      en: "If it is the clock, set it on the device.",
    },
    exit: ExitCode.tempFail,
  },
  BLE_CLOCK_UNCHANGED: {
    what: {
      fr: "Un appareil a accepté l'heure sans la prendre.",
      en: "A device accepted the time and did not take it.",
    },
    remedy: { fr: "Réglez l'heure sur l'appareil.", en: "Set the time on the device." },
    exit: ExitCode.tempFail,
  },
  BLE_VALUE_WAITING: {
    what: {
      fr: "Des mesures reçues attendent en mémoire : le journal ne les prend pas.",
      en: "Received readings wait in memory: the journal does not take them.",
    },
    remedy: {
      fr: "N'éteignez pas la passerelle ; libérez de la place sur le disque (`vigie journal status`).",
      en: "Do not switch the gateway off; make room on the disk (`vigie journal status`).",
    },
    exit: ExitCode.tempFail,
  },
  BLE_VALUES_LOST: {
    what: {
      fr: "Des mesures confirmées aux appareils n'ont pas pu être gardées.",
      en: "Readings that were confirmed to their devices could not be kept.",
    },
    remedy: {
      fr: "Reprenez ces mesures à la main ; voyez pourquoi le journal est fermé (`vigie journal status`).",
      en: "Take these measures again by hand; see why the journal is closed (`vigie journal status`).",
    },
    exit: ExitCode.io,
  },
  BLE_VALUE_UNPLACED: {
    what: {
      fr: "Une valeur est arrivée d'une caractéristique que le service Bluetooth ne décrit pas.",
      en: "A value arrived from a characteristic that the Bluetooth service does not describe.",
    },
    remedy: {
      fr: "Refaites la mesure ; signalez-le avec la version de BlueZ (`bluetoothctl --version`).",
      en: "Measure again; report it with the version of BlueZ (`bluetoothctl --version`).",
    },
    exit: ExitCode.data,
  },
  BLE_REGISTRATION_FAILED: {
    what: {
      fr: "La passerelle n'a pas pu s'inscrire auprès du service Bluetooth (appairage, reconnexion automatique).",
      en: "The gateway could not register with the Bluetooth service (pairing, automatic reconnection).",
    },
    remedy: {
      fr: "Les mesures continuent d'arriver ; pour appairer, vérifiez les droits D-Bus de l'utilisateur de la passerelle.",
      en: "Readings still arrive; to pair, check the D-Bus rights of the gateway's user.",
    },
    exit: ExitCode.noPermission,
  },
  PAIRING_NOT_FOUND: {
    what: { fr: "L'appareil choisi n'est plus entendu.", en: "The device that was picked is not heard any more." },
    remedy: {
      fr: "Remettez-le en mode appairage, près de la passerelle, et recommencez.",
      en: "Put it into pairing mode again, near the gateway, and begin anew.",
    },
    exit: ExitCode.tempFail,
  },
  PAIRING_OUT_OF_REACH: {
    what: {
      fr: "L'appareil a été entendu, mais la connexion n'aboutit pas.",
      en: "The device was heard, but connecting to it does not succeed.",
    },
    remedy: {
      fr: "Rapprochez-le de la passerelle, remettez-le en mode appairage, changez ses piles s'il le faut.",
      en: "Bring it nearer to the gateway, put it into pairing mode again, change its batteries if need be.",
    },
    exit: ExitCode.tempFail,
  },
  PAIRING_REFUSED: {
    what: { fr: "L'appareil a refusé l'appairage.", en: "The device refused to pair." },
    remedy: {
      fr: "Vérifiez qu'il est en mode appairage (son manuel dit comment). S'il ne s'appaire pas du tout : `vigie devices add`.",
      en: "Check that it is in pairing mode (its manual says how). If it is one that does not pair at all: `vigie devices add`.",
    },
    exit: ExitCode.data,
  },
  PAIRING_PASSKEY_WRONG: {
    what: { fr: "Le code n'est pas le bon.", en: "The code is not the right one." },
    remedy: {
      fr: "Recommencez, et lisez le nouveau code : il change à chaque essai.",
      en: "Begin anew, and read the new code: it changes at each attempt.",
    },
    exit: ExitCode.data,
  },
  PAIRING_ELSEWHERE: {
    what: {
      fr: "L'appareil a raccroché : il est appairé ailleurs, ou n'est plus en mode appairage.",
      en: "The device hung up: it is paired elsewhere, or no longer in pairing mode.",
    },
    remedy: {
      fr: "Effacez son appairage sur l'appareil (et sur le téléphone ou la passerelle qui l'avait), puis recommencez.",
      en: "Clear its pairing on the device (and on the telephone or gateway that had it), then begin anew.",
    },
    exit: ExitCode.data,
  },
  PAIRING_TIMEOUT: {
    what: { fr: "L'appairage n'a pas été fait à temps.", en: "The pairing was not done in time." },
    remedy: {
      fr: "Recommencez ; préparez l'appareil d'abord, et tapez le code sans attendre.",
      en: "Begin anew; get the device ready first, and type the code without delay.",
    },
    exit: ExitCode.tempFail,
  },
  PAIRING_STOPPED: {
    what: { fr: "L'appairage a été arrêté.", en: "The pairing was stopped." },
    remedy: {
      fr: "Recommencez quand vous voulez ; un autre appairage, ou l'arrêt de la passerelle, l'arrête aussi.",
      en: "Begin anew when you like; another pairing, or the gateway's stop, stops it too.",
    },
    exit: ExitCode.tempFail,
  },
  PAIRING_NO_DRIVER: {
    what: { fr: "Aucun pilote ne lit cet appareil.", en: "No driver reads this device." },
    remedy: {
      fr: "`vigie drivers` dit ce que Vigie sait lire ; `--driver` impose un pilote, si vous savez lequel convient.",
      en: "`vigie drivers` says what Vigie reads; `--driver` forces a driver, if you know which one fits.",
    },
    exit: ExitCode.data,
  },
});
