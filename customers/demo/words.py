"""The words that invented identities are made of.

Family names are put together from two parts, streets are named after music, and telephone numbers come from the ranges
that regulators keep for drama, so that nobody real is meant.
"""

from dataclasses import dataclass


@dataclass(frozen=True, kw_only=True)
class Origin:
    """Names as one language makes them."""

    given: tuple[str, ...]
    family_beginnings: tuple[str, ...]
    family_ends: tuple[str, ...]


@dataclass(frozen=True)
class Town:
    """A real town; `dialling` are the digits before the fictional part of a telephone number."""

    name: str
    postal_code: str
    dialling: str


@dataclass(frozen=True, kw_only=True)
class Region:
    """Customers of one country who read one language."""

    country: str
    language: str
    share: float
    origins: tuple[Origin, ...]
    origin_shares: tuple[float, ...]
    towns: tuple[Town, ...]
    streets: tuple[str, ...]
    # How number and street stand together, and how a telephone number is written; no pattern, no telephone.
    address: str
    phone: str
    household: str
    company_names: tuple[str, ...]


def _words(text: str) -> tuple[str, ...]:
    return tuple(text.split())


def _phrases(text: str) -> tuple[str, ...]:
    return tuple(text.split("|"))


ENGLISH = Origin(
    given=_words(
        "Abigail Adam Alice Amy Andrew Anna Arthur Beatrice Ben Bridget Caleb Carol Cecilia Charles Clara "
        "Daniel Daphne David Dora Edith Edward Eleanor Ellen Emma Eric Esther Fiona Frances Frank George "
        "Grace Hannah Harold Harriet Helen Henry Ivy Jack James Jane Joan John Judith Julian Kate Laura Lewis "
        "Lucy Mabel Margaret Mark Martha Mary Matthew Maud Miriam Nathan Nell Nora Oliver Oscar Patrick Paul "
        "Peter Phoebe Ralph Rebecca Robert Rose Ruth Sally Samuel Sarah Simon Stella Susan Theodore Thomas "
        "Toby Violet Walter William Winifred"
    ),
    family_beginnings=_words(
        "Alder Amber Bram Brindle Calder Copper Dun Elder Fen Gris Hal Harrow Hazel Ivel Kel Lark Linden Marl "
        "Merri Nether Oak Pem Quill Raven Rush Sorrel Stan Thistle Under Wilder"
    ),
    family_ends=_words(
        "bank bourne by combe croft dale den field ford gate hurst ley low mere more stead thorpe ton wick worth"
    ),
)
FRENCH = Origin(
    given=_words(
        "Adèle Agathe Alain Alice Anaïs André Antoine Aurélie Baptiste Béatrice Benoît Bruno Camille Cécile "
        "Chloé Claire Clément Colette Damien Denis Élise Éloïse Émile Étienne Fanny Florent Françoise Gaëlle "
        "Gérard Guillaume Hélène Henri Inès Jacques Jeanne Joël Juliette Laurent Léa Lucie Luc Madeleine "
        "Manon Marcel Margaux Marion Mathilde Maxime Michel Nadège Nicolas Noémie Odile Olivier Pascal "
        "Pauline Philippe Raphaël Régis Rémi René Romain Sabine Sébastien Simone Solène Suzanne Sylvie Théo "
        "Thérèse Valérie Véronique Vincent Xavier Yves Zoé"
    ),
    family_beginnings=_words(
        "Aubre Beau Bel Bois Bre Chante Clair Cour Font Fres Grand Haute Lan Male Marche Mont Neu Orme Plan "
        "Roche Taille Val Verne Vieux"
    ),
    family_ends=_words("bray champ court fort jon lieu mesnil nard pré rolle sart tier vert vigne ville villiers"),
)
SPANISH = Origin(
    given=_words(
        "Alba Andrés Beatriz Carlos Carmen Daniela Diego Elena Esteban Gabriela Inés Javier Jorge Lucía Luis "
        "Manuel María Marta Mateo Miguel Pablo Paloma Pilar Rafael Ramón Rosa Sofía Teresa Tomás Valentina"
    ),
    family_beginnings=_words("Al Buena Campo Casta Flori Mira Monte Oliva Pala Sala Terra Torre Valde Villa"),
    family_ends=_words("bella blanca cal dero flor fría mar nera res roble sol verde zar zuela"),
)
DUTCH = Origin(
    given=_words(
        "Anke Bart Bram Daan Els Femke Geert Griet Hanne Ilse Jan Jef Joris Karel Katrien Koen Lien Lieve "
        "Lotte Maarten Marijke Nele Pieter Roel Sanne Sofie Stijn Tine Wout Wouter"
    ),
    family_beginnings=_words("Berken Bloem Boom Dijk Eiken Heide Hoog Kerk Linden Meer Molen Rozen Veld Water"),
    family_ends=_words("aert bergh broek dael hoven horst huyse kamp mans schot steen velde"),
)

ENGLISH_STREETS = _phrases(
    "Adagio Avenue|Bassline Road|Cadence Court|Chorus Street|Coda Close|Crescendo Hill|Descant Drive|"
    "Encore Avenue|Fiddle Lane|Fortissimo Street|Gramophone Way|Groove Street|Kettledrum Road|"
    "Libretto Lane|Metronome Street|Octave Row|Ostinato Place|Overture Drive|Refrain Road|"
    "Semiquaver Street|Sleeve Note Lane|Stylus Street|Syncopation Terrace|Tremolo Avenue|Turntable Lane|"
    "Vibrato Crescent"
)
FRENCH_STREETS = _phrases(
    "rue du Refrain|rue de l’Octave|avenue du Contrepoint|rue de la Double-Croche|place du Diapason|"
    "rue du Sillon|boulevard du Crescendo|rue du Tourne-Disque|impasse de la Sourdine|rue du Métronome|"
    "avenue de l’Ouverture|rue de la Pochette|chemin de la Ritournelle|rue du Saphir-de-Lecture|"
    "allée de la Cadence|rue du Livret|quai de la Barcarolle|rue du Solfège|place du Bis|"
    "rue du Quart-de-Soupir"
)
DUTCH_STREETS = _phrases(
    "Refreinstraat|Octaafplein|Platenspelerlaan|Maatstokstraat|Stemvorkstraat|Notenbalklaan|"
    "Slotakkoordstraat|Groefstraat|Hoesjesstraat|Toonladderweg"
)

ENGLISH_COMPANIES = (
    "{} Record Club",
    "Radio {}",
    "{} Lending Library",
    "{} Listening Rooms",
    "{} Dance School",
    "Café {}",
    "{} Concert Hall",
    "{} Hotels",
)
FRENCH_COMPANIES = (
    "Club du disque {}",
    "Radio {}",
    "Discothèque {}",
    "Médiathèque {}",
    "École de danse {}",
    "Café {}",
    "Salle de concert {}",
    "Hôtels {}",
)

UNITED_STATES = Region(
    country="United States",
    language="en",
    share=0.60,
    origins=(ENGLISH, SPANISH, FRENCH, DUTCH),
    origin_shares=(0.80, 0.13, 0.04, 0.03),
    towns=(
        Town("New York", "10001", "212"),
        Town("Boston", "02108", "617"),
        Town("Philadelphia", "19103", "215"),
        Town("Chicago", "60601", "312"),
        Town("Detroit", "48226", "313"),
        Town("Atlanta", "30303", "404"),
        Town("Miami", "33130", "305"),
        Town("New Orleans", "70112", "504"),
        Town("Austin", "78701", "512"),
        Town("Denver", "80202", "303"),
        Town("Minneapolis", "55401", "612"),
        Town("Seattle", "98101", "206"),
        Town("San Francisco", "94102", "415"),
        Town("Los Angeles", "90012", "213"),
    ),
    streets=ENGLISH_STREETS,
    address="{number} {street}",
    phone="+1 {dialling} 555 01{two:02d}",
    household="{} family",
    company_names=ENGLISH_COMPANIES,
)
UNITED_KINGDOM = Region(
    country="United Kingdom",
    language="en",
    share=0.13,
    origins=(ENGLISH, FRENCH),
    origin_shares=(0.97, 0.03),
    towns=(
        Town("London", "WC2N 5DU", "20 7946 0"),
        Town("Leeds", "LS1 4DY", "113 496 0"),
        Town("Sheffield", "S1 2HH", "114 496 0"),
        Town("Bristol", "BS1 5TR", "117 496 0"),
        Town("Birmingham", "B1 1BB", "121 496 0"),
        Town("Edinburgh", "EH1 1YZ", "131 496 0"),
        Town("Glasgow", "G2 1DU", "141 496 0"),
        Town("Liverpool", "L2 2DH", "151 496 0"),
        Town("Manchester", "M2 5DB", "161 496 0"),
    ),
    streets=ENGLISH_STREETS,
    address="{number} {street}",
    phone="+44 {dialling}{three:03d}",
    household="{} family",
    company_names=ENGLISH_COMPANIES,
)
FRANCE = Region(
    country="France",
    language="fr",
    share=0.13,
    origins=(FRENCH, SPANISH),
    origin_shares=(0.95, 0.05),
    towns=(
        Town("Paris", "75011", "1 99 00"),
        Town("Lyon", "69002", "1 99 00"),
        Town("Marseille", "13006", "1 99 00"),
        Town("Toulouse", "31000", "1 99 00"),
        Town("Bordeaux", "33000", "1 99 00"),
        Town("Nantes", "44000", "1 99 00"),
        Town("Lille", "59000", "1 99 00"),
        Town("Rennes", "35000", "1 99 00"),
        Town("Strasbourg", "67000", "1 99 00"),
        Town("Orléans", "45000", "1 99 00"),
    ),
    streets=FRENCH_STREETS,
    address="{number} {street}",
    phone="+33 {dialling} {two:02d} {other_two:02d}",
    household="Famille {}",
    company_names=FRENCH_COMPANIES,
)
CANADA = Region(
    country="Canada",
    language="en",
    share=0.05,
    origins=(ENGLISH,),
    origin_shares=(1.0,),
    towns=(
        Town("Toronto", "M5H 2N2", "416"),
        Town("Vancouver", "V6B 1A1", "604"),
        Town("Calgary", "T2P 2M5", "403"),
        Town("Ottawa", "K1P 1J1", "613"),
        Town("Halifax", "B3J 1S9", "902"),
    ),
    streets=ENGLISH_STREETS,
    address="{number} {street}",
    phone="+1 {dialling} 555 01{two:02d}",
    household="{} family",
    company_names=ENGLISH_COMPANIES,
)
QUEBEC = Region(
    country="Canada",
    language="fr",
    share=0.04,
    origins=(FRENCH,),
    origin_shares=(1.0,),
    towns=(
        Town("Montréal", "H2Y 1C6", "514"),
        Town("Québec", "G1R 4P5", "418"),
        Town("Sherbrooke", "J1H 1A1", "819"),
        Town("Laval", "H7V 1A1", "450"),
    ),
    streets=FRENCH_STREETS,
    address="{number}, {street}",
    phone="+1 {dialling} 555 01{two:02d}",
    household="Famille {}",
    company_names=FRENCH_COMPANIES,
)
WALLONIA = Region(
    country="Belgium",
    language="fr",
    share=0.03,
    origins=(FRENCH, DUTCH),
    origin_shares=(0.85, 0.15),
    towns=(
        Town("Bruxelles", "1000", ""),
        Town("Liège", "4000", ""),
        Town("Namur", "5000", ""),
        Town("Mons", "7000", ""),
    ),
    streets=FRENCH_STREETS,
    address="{street} {number}",
    phone="",  # Belgium keeps no range for drama
    household="Famille {}",
    company_names=FRENCH_COMPANIES,
)
FLANDERS = Region(
    country="Belgium",
    language="en",
    share=0.02,
    origins=(DUTCH,),
    origin_shares=(1.0,),
    towns=(
        Town("Antwerpen", "2000", ""),
        Town("Gent", "9000", ""),
        Town("Leuven", "3000", ""),
        Town("Brugge", "8000", ""),
    ),
    streets=DUTCH_STREETS,
    address="{street} {number}",
    phone="",
    household="{} family",
    company_names=ENGLISH_COMPANIES,
)
REGIONS = (UNITED_STATES, UNITED_KINGDOM, FRANCE, CANADA, QUEBEC, WALLONIA, FLANDERS)
