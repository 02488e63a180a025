import { defineErrors, ExitCode } from "../errors/error.ts";

export const errors = defineErrors({
  DELIVERY_UNREACHABLE: {
    what: { fr: "La destination est injoignable.", en: "The destination cannot be reached." },
    remedy: {
      fr: "Vérifiez le réseau, l'adresse et que le serveur répond. La passerelle garde tout et réessaie seule.",
      en: "Check the network, the address and that the server is up. The gateway keeps everything and tries again.",
    },
    exit: ExitCode.tempFail,
  },
  DELIVERY_CONNECTION_LOST: {
    what: { fr: "La connexion à la destination s'est interrompue.", en: "The connection to the destination was lost." },
    remedy: {
      fr: "Rien à faire : la passerelle se reconnecte et renvoie ce qui n'a pas d'accusé de réception.",
      en: "Nothing to do: the gateway reconnects and sends again what has no receipt.",
    },
    exit: ExitCode.tempFail,
  },
  DELIVERY_NO_RECEIPT: {
    what: {
      fr: "Le broker MQTT a pris les segments, mais la plateforme n'en accuse pas réception.",
      en: "The broker took the segments, but no receipt comes from the platform.",
    },
    remedy: {
      fr: "Vérifiez que le récepteur de la plateforme tourne et connaît la clé publique de cette passerelle.",
      en: "Check that the platform's receiver is running and knows this gateway's public key.",
    },
    exit: ExitCode.tempFail,
  },
  DELIVERY_NOBODY_LISTENS: {
    what: { fr: "Personne n'écoute les segments sur le broker MQTT.", en: "Nobody is subscribed to the segments." },
    remedy: {
      fr: "Démarrez le récepteur de la plateforme, ou vérifiez la structure et l'identifiant dans la configuration.",
      en: "Start the platform's receiver, or check the structure and gateway id in the configuration.",
    },
    exit: ExitCode.tempFail,
  },
  DELIVERY_NOT_AUTHORISED: {
    what: {
      fr: "La destination refuse l'identité ou les droits de la passerelle.",
      en: "The destination refuses this gateway's identity or rights.",
    },
    remedy: {
      fr: "Faites inscrire la passerelle sur la plateforme, avec les droits sur ses sujets.",
      en: "Have the gateway enrolled at the platform, with rights on its topics.",
    },
    exit: ExitCode.noPermission,
  },
  DELIVERY_TOPIC_REFUSED: {
    what: {
      fr: "Le broker MQTT n'admet pas le nom d'un sujet de la passerelle.",
      en: "The broker does not admit the name of one of this gateway's topics.",
    },
    remedy: {
      fr: "Vérifiez la structure et l'identifiant de la passerelle dans la configuration, et les noms que le broker admet.",
      en: "Check the structure and the gateway id in the configuration, and which names the broker admits.",
    },
    exit: ExitCode.config,
  },
  DELIVERY_REFUSED: {
    what: { fr: "La destination a refusé.", en: "The destination refused." },
    remedy: {
      fr: "Le code dit pourquoi (MQTT 5 §2.4, HTTP : RFC 9110 §15). La passerelle réessaie plus tard.",
      en: "The code says why (MQTT 5 §2.4, HTTP: RFC 9110 §15). The gateway tries again later.",
    },
    exit: ExitCode.tempFail,
  },
  DELIVERY_SLOW_DOWN: {
    what: { fr: "La destination demande de ralentir.", en: "The destination asks to slow down." },
    remedy: {
      fr: "Rien à faire : la passerelle envoie moins à la fois, et plus tard.",
      en: "Nothing to do: the gateway sends less at once, and later.",
    },
    exit: ExitCode.tempFail,
  },
  DELIVERY_TOO_BIG: {
    what: {
      fr: "Un message dépasse ce que la destination accepte.",
      en: "A message is larger than the destination takes.",
    },
    remedy: {
      fr: "La passerelle coupe plus petit. Si cela dure, le serveur prend trop peu même sans mesures : qu'il admette au moins 16 Kio.",
      en: "The gateway cuts it smaller. Where this lasts, the server takes too little even without measures: let it take at least 16 KiB.",
    },
    exit: ExitCode.tempFail,
  },
  DELIVERY_RECEIPT_IGNORED: {
    what: {
      fr: "Un accusé de réception a été ignoré : il ne prouve rien sur ce journal.",
      en: "A receipt was ignored: it proves nothing about this journal.",
    },
    remedy: {
      fr: "Vérifiez la clé de la plateforme dans la configuration. Si elle est juste, quelqu'un forge des accusés : prévenez la plateforme.",
      en: "Check the platform's key in the configuration. If it is right, somebody forges receipts: tell the platform.",
    },
    exit: ExitCode.data,
  },
  DELIVERY_PLATFORM_LOST_STATE: {
    what: {
      fr: "La plateforme n'a plus tout ce dont elle avait accusé réception. La passerelle renvoie ce que son journal garde.",
      en: "The platform no longer has all that it had receipted. The gateway sends again what its journal still holds.",
    },
    remedy: {
      fr: "Demandez à la plateforme si elle a restauré une sauvegarde. Les mesures que la rétention a effacées ici ne reviennent pas d'ici.",
      en: "Ask the platform whether it restored a backup. Measures that retention erased here do not come again from here.",
    },
    exit: ExitCode.data,
  },
  DELIVERY_PLATFORM_TOO_FAR_BEHIND: {
    what: {
      fr: "La plateforme demande la suite d'un point que ce journal n'a pas, ou n'a plus.",
      en: "The platform asks for what follows a point that this journal does not have, or has no more.",
    },
    remedy: {
      fr: "La plateforme doit restaurer une sauvegarde plus récente, ou repartir d'un export de ce journal (`vigie journal export`).",
      en: "The platform has to restore a newer backup, or start from an export of this journal (`vigie journal export`).",
    },
    exit: ExitCode.data,
  },
  DELIVERY_FAILED: {
    what: { fr: "La livraison a rencontré une erreur interne.", en: "Delivery met an internal error." },
    remedy: {
      fr: "Signalez-la avec le journal système. La passerelle garde tout et réessaie.",
      en: "Report it with the system log. The gateway keeps everything and tries again.",
    },
    exit: ExitCode.internal,
  },
  DELIVERY_RECORD_REFUSED: {
    what: {
      fr: "La destination ne prendra pas un enregistrement ; il est mis de côté, les suivants passent.",
      en: "The destination will not take one record; it is put aside, and those behind it pass.",
    },
    remedy: {
      fr: "`vigie deliveries dead` donne ses mots. Corrigez la cause, puis `vigie deliveries retry`. Rien ne quitte le journal.",
      en: "`vigie deliveries dead` gives its words. Mend the cause, then `vigie deliveries retry`. Nothing leaves the journal.",
    },
    exit: ExitCode.data,
  },
  DELIVERY_ALARM_WAITS: {
    what: {
      fr: "Une alarme ou une mesure récente n'a pas pu passer devant ; elle part à son tour.",
      en: "An alarm or a fresh measure could not go ahead; it goes in its turn.",
    },
    remedy: {
      fr: "Donnez à la passerelle le droit d'écrire sur son sujet …/alarms, et au récepteur celui de le lire.",
      en: "Give the gateway the right to write on its topic …/alarms, and the receiver the right to read it.",
    },
    exit: ExitCode.tempFail,
  },
  DELIVERY_CURSOR_NOT_WRITTEN: {
    what: {
      fr: "Le journal n'a pas pu noter ce que la plateforme a reçu.",
      en: "The journal could not note what the platform has received.",
    },
    remedy: {
      fr: "Regardez l'erreur du journal (disque plein ?). Rien n'est perdu ; ces segments seront renvoyés.",
      en: "See the journal's own error (a full disk?). Nothing is lost; these segments will be sent again.",
    },
    exit: ExitCode.io,
  },
  DELIVERY_SERVER_CERT_EXPIRED: {
    what: { fr: "Le certificat du serveur a expiré.", en: "The server's certificate has expired." },
    remedy: {
      fr: "Faites renouveler le certificat du serveur ; vérifiez aussi la date de la passerelle.",
      en: "Have the server's certificate renewed; check this gateway's date as well.",
    },
    exit: ExitCode.tempFail,
  },
  DELIVERY_SERVER_CERT_NOT_YET_VALID: {
    what: {
      fr: "Le certificat du serveur n'est pas encore valable.",
      en: "The server's certificate is not valid yet.",
    },
    remedy: {
      fr: "Vérifiez la date de la passerelle : elle retarde sans doute.",
      en: "Check this gateway's date: most likely it is behind.",
    },
    exit: ExitCode.tempFail,
  },
  DELIVERY_SERVER_CERT_UNKNOWN_CA: {
    what: {
      fr: "Le certificat du serveur ne vient pas de l'autorité attendue.",
      en: "The server's certificate does not come from the expected authority.",
    },
    remedy: {
      fr: "Vérifiez le certificat d'autorité de la configuration. S'il est juste, ce serveur n'est pas le bon : n'insistez pas.",
      en: "Check the authority in the configuration. If it is right, this is not the right server: do not insist.",
    },
    exit: ExitCode.config,
  },
  DELIVERY_SERVER_CERT_WRONG_NAME: {
    what: { fr: "Le certificat du serveur porte un autre nom.", en: "The server's certificate bears another name." },
    remedy: {
      fr: "Donnez dans la configuration le nom que porte le certificat, non une adresse IP.",
      en: "In the configuration, give the name that the certificate bears, not an IP address.",
    },
    exit: ExitCode.config,
  },
  DELIVERY_SERVER_CERT_INVALID: {
    what: { fr: "Le certificat du serveur n'est pas acceptable.", en: "The server's certificate is not acceptable." },
    remedy: {
      fr: "Faites délivrer au serveur un certificat pour l'usage « serveur TLS ».",
      en: 'Have the server given a certificate for the usage "TLS server".',
    },
    exit: ExitCode.config,
  },
  DELIVERY_CLIENT_CERT_MISSING: {
    what: {
      fr: "Le serveur exige un certificat de la passerelle.",
      en: "The server demands a certificate of this gateway.",
    },
    remedy: {
      fr: "Donnez `tls.cert` et `tls.key` dans la configuration de la destination.",
      en: "Give `tls.cert` and `tls.key` in the destination's configuration.",
    },
    exit: ExitCode.config,
  },
  DELIVERY_CLIENT_CERT_EXPIRED: {
    what: { fr: "Le certificat de la passerelle a expiré.", en: "This gateway's certificate has expired." },
    remedy: { fr: "Renouvelez le certificat de la passerelle.", en: "Renew this gateway's certificate." },
    exit: ExitCode.config,
  },
  DELIVERY_CLIENT_CERT_REVOKED: {
    what: { fr: "Le certificat de la passerelle a été révoqué.", en: "This gateway's certificate was revoked." },
    remedy: {
      fr: "Demandez à la plateforme pourquoi, puis faites délivrer un nouveau certificat.",
      en: "Ask the platform why, then have a new certificate issued.",
    },
    exit: ExitCode.config,
  },
  DELIVERY_CLIENT_CERT_UNKNOWN_CA: {
    what: {
      fr: "Le serveur ne connaît pas l'autorité du certificat de la passerelle.",
      en: "The server does not know the authority of this gateway's certificate.",
    },
    remedy: {
      fr: "Vérifiez que le certificat est bien celui délivré pour cette plateforme, avec ses intermédiaires.",
      en: "Check that it is the certificate issued for this platform, with its intermediates.",
    },
    exit: ExitCode.config,
  },
  DELIVERY_CLIENT_CERT_REFUSED: {
    what: {
      fr: "Le serveur refuse le certificat de la passerelle.",
      en: "The server refuses this gateway's certificate.",
    },
    remedy: {
      fr: "Vérifiez ses dates, son usage (« client TLS ») et l'horloge du serveur.",
      en: 'Check its dates, its usage ("TLS client") and the server\'s clock.',
    },
    exit: ExitCode.config,
  },
  DELIVERY_CLIENT_CERT_UNUSABLE: {
    what: {
      fr: "Le certificat et la clé de la passerelle ne vont pas ensemble, ou ne se lisent pas.",
      en: "This gateway's certificate and key do not belong together, or cannot be read.",
    },
    remedy: {
      fr: "Donnez la clé qui a servi à la demande du certificat, toutes deux au format PEM.",
      en: "Give the key that the certificate was requested with, both as PEM.",
    },
    exit: ExitCode.config,
  },
  DELIVERY_TLS_FAILED: {
    what: { fr: "La négociation TLS a échoué.", en: "The TLS handshake failed." },
    remedy: {
      fr: "Vérifiez que le port parle TLS, et que le serveur accepte TLS 1.2 ou 1.3.",
      en: "Check that the port speaks TLS, and that the server accepts TLS 1.2 or 1.3.",
    },
    exit: ExitCode.tempFail,
  },
  DELIVERY_WRONG_ADDRESS: {
    what: {
      fr: "Rien ne prend les données à cette adresse du serveur.",
      en: "Nothing takes data at this address of the server.",
    },
    remedy: {
      fr: "Vérifiez `url` dans la configuration de la destination : le serveur répond, mais pas à ce chemin.",
      en: "Check `url` in the destination's configuration: the server answers, but not at this path.",
    },
    exit: ExitCode.config,
  },
  DELIVERY_SERVER_ERROR: {
    what: { fr: "Le serveur a répondu par une erreur interne.", en: "The server answered with an internal error." },
    remedy: {
      fr: "Prévenez la plateforme si cela dure. La passerelle garde tout et réessaie.",
      en: "Tell the platform where it lasts. The gateway keeps everything and tries again.",
    },
    exit: ExitCode.tempFail,
  },
  DELIVERY_NOT_A_RECEIPT: {
    what: {
      fr: "Ce qui a répondu n'est pas la plateforme : ce n'est pas un accusé de réception.",
      en: "What answered is not the platform: it is no receipt.",
    },
    remedy: {
      fr: "Un portail captif ou un serveur mandataire s'interpose sans doute : vérifiez le réseau et l'adresse.",
      en: "Most likely a captive portal or a proxy stands between: check the network and the address.",
    },
    exit: ExitCode.tempFail,
  },
  DELIVERY_ANSWER_TOO_SLOW: {
    what: { fr: "La réponse du serveur n'arrive pas à temps.", en: "The server's answer does not come in time." },
    remedy: {
      fr: "Vérifiez le réseau et la charge du serveur. La passerelle renvoie ; une répétition est sans effet.",
      en: "Check the network and the server's load. The gateway sends again; a repeat does no harm.",
    },
    exit: ExitCode.tempFail,
  },
  DELIVERY_ANSWER_TOO_BIG: {
    what: { fr: "La réponse du serveur est bien trop longue.", en: "The server's answer is beyond all bounds." },
    remedy: {
      fr: "Ce n'est sans doute pas la plateforme qui répond : vérifiez l'adresse.",
      en: "Most likely it is not the platform that answers: check the address.",
    },
    exit: ExitCode.tempFail,
  },
  DELIVERY_TOKEN_REFUSED: {
    what: {
      fr: "Le serveur d'autorisation ne donne pas de jeton à la passerelle.",
      en: "The authorisation server gives this gateway no token.",
    },
    remedy: {
      fr: "Vérifiez `oauth` dans la configuration, l'inscription de la clé publique, et l'heure de la passerelle.",
      en: "Check `oauth` in the configuration, that the public key is registered, and this gateway's time.",
    },
    exit: ExitCode.noPermission,
  },
  DELIVERY_TOKEN_KEY_UNUSABLE: {
    what: {
      fr: "La clé qui signe les demandes de jeton ne se lit pas, ou n'est ni RSA ni EC P-256.",
      en: "The key that signs requests for tokens cannot be read, or is neither RSA nor EC P-256.",
    },
    remedy: {
      fr: "Donnez sous `oauth.key` une clé privée PEM : RSA d'au moins 2048 bits, ou EC P-256.",
      en: "Give a PEM private key under `oauth.key`: RSA of at least 2048 bits, or EC P-256.",
    },
    exit: ExitCode.config,
  },
});
