# SPDX-License-Identifier: AGPL-3.0-or-later
"""Text that compresses as French does: a vocabulary with Zipf's frequencies, drawn by 16-bit numbers."""
from __future__ import annotations

import array
import random
import sys

VOCABULARY = 14_000
TABLE = 1 << 16
PLAIN_SHARE = 0.7  # of the table; the rest is punctuation, capitals and words that go together
BYTES_A_WORD = 7.2

COMMON = """de la le et les des en un du une que est pour qui dans a par plus pas au sur ne se ce il sont avec
son elle aux mais comme ou si leur être cette tout nous sa ses fait même aussi bien sans peut très deux où après
dont temps lui encore depuis ainsi entre toujours jamais parce lorsque chaque quelques plusieurs autre autres avant
siècle manuscrit édition œuvre lettre théâtre poème recueil bibliothèque imprimé évêque février août décembre forêt
château île maître prêtre fenêtre élève école étude époque événement première dernière père mère frère près succès
procès manière lumière rivière frontière matière prière âme grâce tâche côté hôte contrôle naïf cœur sœur bœuf nœud
garçon leçon façade aperçu français voilà déjà là-bas aujourd'hui quelqu'un d'abord c'est n'est qu'il s'il l'édition
l'auteur d'être paléographie transcription folio recto verso incipit enluminure copiste notice catalogue variante
apparat critique numérisé corpus mémoire histoire parole langue récit scène chapitre page marge note index""".split()

STARTS = "ba bi bou ca cé chan co da dé dou é en es fa fi for ga gé gri gue hé im in jo la le li lon ma mé mi".split()
MIDDLES = "mo na né ni no o pa pé pi por pro qua qui ra ré ri ro ru sa sé si son ta té ti tra tu va vé vi vo".split()
ENDINGS = """tion ment té eur euse ance ence able ique iste isme age elle ette ère é ée és ées er ir ait aient ant ent
eux al oire ude ure esse ois aise ien ienne""".split()


class Words:
    """Draws running text. What it gives depends on its seed and on the generator that is handed in."""

    def __init__(self, seed: str):
        chance = random.Random(f"{seed}/words")
        self.vocabulary = _vocabulary(chance)
        self._draw = _table(self.vocabulary, chance).__getitem__

    def run(self, chance: random.Random, count: int) -> str:
        """About `count` words, each followed by a space."""
        numbers = array.array("H", chance.randbytes(2 * count))
        if sys.byteorder == "big":
            numbers.byteswap()
        return "".join(map(self._draw, numbers))

    def some(self, chance: random.Random, count: int) -> str:
        """The same without the last space."""
        return self.run(chance, count).strip()

    def name(self, chance: random.Random) -> str:
        """Two words in capitals, as a person or a place."""
        return self.some(chance, 2).title()

    def text(self, chance: random.Random, size: int) -> str:
        """Running text of about `size` bytes."""
        return self.run(chance, max(1, int(size / BYTES_A_WORD)))

    def identifier(self, chance: random.Random, most: int = 2000) -> str:
        """One word without apostrophes, out of the `most` most frequent that are not common words."""
        return self.vocabulary[len(COMMON) + chance.randrange(most)].replace("'", "_")


def _vocabulary(chance: random.Random) -> list[str]:
    words = dict.fromkeys(COMMON)
    while len(words) < VOCABULARY:
        middle = "".join(chance.choice(MIDDLES) for _ in range(chance.randint(0, 2)))
        words[chance.choice(STARTS) + middle + chance.choice(ENDINGS)] = None
    return list(words)


def _table(vocabulary: list[str], chance: random.Random) -> list[str]:
    """What each 16-bit number stands for; a word has as many numbers as its frequency asks for."""
    weights = [1 / (rank + 2.7) for rank in range(len(vocabulary))]
    unit = TABLE * PLAIN_SHARE / sum(weights)
    table = [f"{word} " for word, weight in zip(vocabulary, weights) for _ in range(max(1, round(weight * unit)))]

    def any_word() -> str:  # Frequent ones more often than rare ones
        return vocabulary[int(len(vocabulary) ** chance.random()) - 1]

    while len(table) < TABLE:
        form = chance.choices("comma stop semicolon quote year capital pair".split(), (45, 20, 10, 5, 3, 5, 12))[0]
        first, second = any_word(), any_word()
        entry = {"comma": f"{first}, ", "stop": f"{first}. {second.capitalize()} ", "semicolon": f"{first} ; ",
                 "quote": f"« {first} {second} » ", "year": f"{chance.randint(1200, 1999)} ",
                 "capital": f"{second.capitalize()} ", "pair": f"{first} {second} "}[form]
        table += [entry] * (chance.randint(1, 4) if form == "pair" else 1)
    return table[:TABLE]
