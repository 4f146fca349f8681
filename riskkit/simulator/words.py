"""Made-up names. Family names and streets are put together from parts, so that they are nobody's."""

from __future__ import annotations

from riskkit.simulator.chance import Chance

FAMILY_STARTS = (
    "Aber", "Alder", "Asha", "Bala", "Bran", "Brind", "Cala", "Cinder", "Dara", "Dover", "Eber", "Elow",
    "Fael", "Farrow", "Galan", "Grev", "Halvar", "Hesper", "Ivar", "Jora", "Kala", "Kestr", "Lanth",
    "Lorim", "Maren", "Mirad", "Nevar", "Noor", "Obra", "Okadi", "Pell", "Quar", "Rava", "Rosen", "Sabel",
    "Sorn", "Tamar", "Thorn", "Umber", "Vald", "Verano", "Wend", "Wil", "Yara", "Zand", "Zephi",
)  # fmt: skip
FAMILY_ENDS = (
    "by", "croft", "da", "ell", "endez", "field", "gard", "ikov", "ingas", "kwe", "lund", "mere", "mont",
    "nara", "oğlu", "ović", "quist", "rani", "shaw", "sson", "tesco", "vane", "wick", "yama",
)  # fmt: skip
GIVEN = (
    "Ada", "Amara", "Anouk", "Ansel", "Bao", "Beatriz", "Björn", "Caleb", "Chidi", "Cora", "Dalia", "Darius",
    "Edith", "Élise", "Emre", "Farah", "Felix", "Gita", "Gwen", "Hana", "Hugo", "Idris", "Ines", "Ivo",
    "Jada", "Jonas", "Kaito", "Kira", "Leila", "Linus", "Lupe", "Magnus", "Mei", "Milo", "Nadia", "Nils",
    "Odette", "Omar", "Paloma", "Petra", "Quinn", "Rafael", "Ruth", "Samir", "Selma", "Sven", "Talia",
    "Tomás", "Uma", "Vera", "Viktor", "Wren", "Xenia", "Yusuf", "Zora",
)  # fmt: skip
STREET_STARTS = (
    "Bittern", "Cattail", "Driftwood", "Ferry", "Grebe", "Harbor", "Heron", "Kingfisher", "Lantern", "Loon",
    "Marsh", "Mill", "Otter", "Pebble", "Pier", "Plover", "Reed", "Sandbar", "Teal", "Willow",
)  # fmt: skip
STREET_ENDS = ("bank Road", "brook Lane", "crest Street", "gate Avenue", "shore Drive", "view Court")
UNEVEN, STRIDE = 1.7, 701
TOWNS = ("Lakeside", "Lakeside", "Lakeside", "North Shoal", "Inlet Falls")


def family_name(chance: Chance) -> str:
    """A family name; a few are common and most are rare, as in life (about as 1 / rank ** 0.4)."""
    count = len(FAMILY_STARTS) * len(FAMILY_ENDS)
    rank = int(count * chance.between(0, 1) ** UNEVEN) * STRIDE % count
    return FAMILY_STARTS[rank % len(FAMILY_STARTS)] + FAMILY_ENDS[rank // len(FAMILY_STARTS)]


def address(chance: Chance) -> str:
    """A house in a street that does not exist."""
    street = chance.pick(STREET_STARTS) + chance.pick(STREET_ENDS)
    return f"{chance.integer(1, 980)} {street}, {chance.pick(TOWNS)}"
