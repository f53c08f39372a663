"""Words in cells that stand for few values: kinds, languages, countries, yes and no, in both languages."""

from collections.abc import Iterable, Mapping
from functools import cache

from babel import Locale
from babel.core import get_global
from django.conf import settings
from django.utils.functional import Promise
from django.utils.translation import override

from customers.importing.mappings import bare
from customers.models.channel import Channel
from customers.models.customer import Customer
from customers.models.moment import ContactMoment
from customers.models.order import Order

# Beside the words that the screens use, as `bare` writes them.
_FURTHER: Mapping[str, Mapping[str, str]] = {
    "kind": {
        "person": "individual human contact particulier individu personnephysique client",
        "household": "family home famille menage foyer",
        "company": "business organisation organization firm corporate societe entreprise personnemorale professionnel",
    },
    "language": {"en": "eng english anglais", "fr": "fra fre french francais"},
    "yes_no": {"true": "yes y true 1 oui o vrai x", "false": "no n false 0 non faux"},
    "subscription": {
        "renewal": "renew renewed renews yes y true 1 x renouvellement renouvele reconduction oui o vrai",
        "start": "begin begins new first subscription debut souscription nouveau nouvel abonnement",
        "none": "no n false 0 other non faux aucun autre",
    },
    "channel": {
        "phone": "call telephone tel appel",
        "email": "mail courriel email",
        "letter": "post courrier lettre",
        "shop": "store magasin boutique",
        "website": "web site siteweb internet",
    },
    "direction": {
        "inbound": "in incoming received entrant recu client",
        "outbound": "out outgoing sent sortant emis envoye",
        "observed": "seen vu observe",
    },
    "result": {
        "reached": "answered joint repondu abouti",
        "not_reached": "noanswer voicemail nonjoint injoignable pasdereponse",
        "follow_up": "followup callback asuivre arappeler relance",
        "settled": "done solved closed resolu regle clos",
    },
    "sentiment": {
        "-1": "negative angry negatif mecontent insatisfait",
        "0": "neutral neutre",
        "1": "positive satisfied positif content satisfait",
    },
}
_CHOICES: Mapping[str, Iterable[tuple[object, str | Promise]]] = {
    "kind": Customer.Kind.choices,
    "language": settings.LANGUAGES,
    "yes_no": (),
    "subscription": Order.Contract.choices,
    "channel": Channel.choices,
    "direction": ContactMoment.Direction.choices,
    "result": ContactMoment.Result.choices,
    "sentiment": ContactMoment.Sentiment.choices,
}


@cache
def vocabulary(name: str) -> Mapping[str, str]:
    """What each word of a list means."""
    meanings = {str(value): str(value) for value, _label in _CHOICES[name]}
    for value, words in _FURTHER[name].items():
        meanings.update(dict.fromkeys(words.split(), value))
    for language, _name in settings.LANGUAGES:
        with override(language):
            meanings.update({bare(str(label)): str(value) for value, label in _CHOICES[name]})
    return meanings


@cache
def countries() -> Mapping[str, str]:
    """The English name of each country by its names in both languages and its codes of two and three letters."""
    english, french = (
        {str(code): str(name) for code, name in Locale(language).territories.items()} for language in ("en", "fr")
    )
    codes = [code for code in english if len(code) == 2 and code.isalpha()]
    names = {bare(english[code]): english[code] for code in codes}
    names |= {bare(name): english[code] for code in codes if (name := french.get(code))}
    names |= {code.lower(): english[code] for code in codes}
    for alias, now in get_global("territory_aliases").items():
        if alias.isalpha() and 2 <= len(alias) <= 3 and len(now) == 1 and now[0] in english:
            names.setdefault(alias.lower(), english[now[0]])
    return names
