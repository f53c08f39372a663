"""What staff noted about contact moments, in the customer's language; a few sentences for each touchpoint."""

SUMMARIES: dict[str, dict[str, tuple[str, ...]]] = {
    "advert": {
        "en": (
            "Saw our advertisement for new releases.",
            "Saw the advertisement of the winter offers.",
            "Noticed our poster.",
        ),
        "fr": (
            "A vu notre publicité pour les nouveautés.",
            "A vu la publicité des offres d’hiver.",
            "A remarqué notre affiche.",
        ),
    },
    "newsletter": {
        "en": ("Newsletter with this month's releases.", "Newsletter with reviews by our staff."),
        "fr": (
            "Lettre d’information avec les nouveautés du mois.",
            "Lettre d’information avec les critiques de l’équipe.",
        ),
    },
    "mailing": {
        "en": ("Printed catalogue of the season sent.", "Catalogue with a letter to good customers sent."),
        "fr": ("Catalogue imprimé de la saison envoyé.", "Catalogue avec une lettre aux bons clients envoyé."),
    },
    "browse": {
        "en": ("Searched the catalogue and listened to extracts.", "Looked at several records without buying yet."),
        "fr": (
            "A cherché dans le catalogue et écouté des extraits.",
            "A regardé plusieurs disques sans encore acheter.",
        ),
    },
    "listening": {
        "en": (
            "Listened to new arrivals in the shop.",
            "Asked for advice at the listening post.",
            "Compared two recordings of the same work.",
            "Left a list of records to look for.",
        ),
        "fr": (
            "A écouté les nouveautés en magasin.",
            "A demandé conseil à la borne d’écoute.",
            "A comparé deux enregistrements de la même œuvre.",
            "A laissé une liste de disques à chercher.",
        ),
    },
    "visit": {
        "en": (
            "Went through the selection for the coming month.",
            "Presented new releases and left samples.",
            "Long discussion of conditions; wants smaller and more frequent deliveries.",
            "Checked the stock together and took back a list of wishes.",
            "Asked for a further discount; explained our prices.",
        ),
        "fr": (
            "Revue de la sélection du mois à venir.",
            "Présentation des nouveautés, échantillons laissés.",
            "Longue discussion des conditions ; souhaite des livraisons plus petites et plus fréquentes.",
            "Vérification du stock ensemble, liste de souhaits rapportée.",
            "Demande de remise supplémentaire ; nos prix ont été expliqués.",
        ),
    },
    "phone_order": {
        "en": (
            "Ordered by phone.",
            "Ordered by phone after checking what is in stock.",
            "Added a record to the order.",
        ),
        "fr": (
            "Commande passée par téléphone.",
            "Commande par téléphone après vérification du stock.",
            "A ajouté un disque à la commande.",
        ),
    },
    "confirmation": {
        "en": ("Order confirmed by e-mail.",),
        "fr": ("Commande confirmée par e-mail.",),
    },
    "delivery": {
        "en": ("Parcel delivered.", "Parcel delivered to a neighbour.", "Parcel delivered at the second attempt."),
        "fr": ("Colis livré.", "Colis remis à un voisin.", "Colis livré au deuxième passage."),
    },
    "invoice": {
        "en": (
            "Asked for a copy of the invoice.",
            "Asked about the amount of an invoice.",
            "Wanted another name on the invoice.",
        ),
        "fr": (
            "A demandé une copie de la facture.",
            "A posé une question sur un montant facturé.",
            "Souhaitait un autre nom sur la facture.",
        ),
    },
    "call": {
        "en": (
            "Asked when the parcel arrives.",
            "Asked whether a record is available.",
            "Asked for advice on which edition to choose.",
            "Wanted to change the delivery address.",
            "Asked about a record that is out of print.",
            "Wanted to know how to track the order.",
        ),
        "fr": (
            "A demandé quand arrive le colis.",
            "A demandé si un disque est disponible.",
            "A demandé conseil sur l’édition à choisir.",
            "Souhaitait changer l’adresse de livraison.",
            "S'est renseigné sur un disque épuisé.",
            "Voulait savoir comment suivre la commande.",
        ),
    },
    "email": {
        "en": (
            "Asked by e-mail about delivery times.",
            "Asked for the track list of a record.",
            "Asked to be told when a record is back.",
            "Wrote about a damaged case; a new one was promised.",
            "Asked for a recommendation as a present.",
        ),
        "fr": (
            "Question par e-mail sur les délais de livraison.",
            "A demandé la liste des titres d’un disque.",
            "Souhaite être prévenu du retour d’un disque.",
            "Boîtier abîmé signalé ; un nouveau a été promis.",
            "A demandé une idée de cadeau.",
        ),
    },
    "chat": {
        "en": (
            "Asked in the chat how to pay.",
            "Was helped to find a record.",
            "Asked about shipping to another address.",
        ),
        "fr": (
            "A demandé comment payer.",
            "A été aidé à trouver un disque.",
            "Question sur l’envoi à une autre adresse.",
        ),
    },
    "return": {
        "en": (
            "Asked how to send a record back.",
            "Received the wrong record; asked what to do.",
            "Disc skips; asked for a replacement.",
        ),
        "fr": (
            "A demandé comment renvoyer un disque.",
            "A reçu le mauvais disque ; a demandé que faire.",
            "Disque rayé ; a demandé un remplacement.",
        ),
    },
    "evening": {
        "en": ("Came to the listening evening.", "Came to the listening evening with friends."),
        "fr": ("Est venu à la soirée d’écoute.", "Est venu à la soirée d’écoute avec des amis."),
    },
}
