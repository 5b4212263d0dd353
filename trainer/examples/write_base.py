"""Writes base.jsonl: plain general prose on which the demo's small base model is trained.

    python3 trainer/examples/write_base.py

Every sentence was written for this project. A line is an opening, two or three
sentences that may follow it, and a close, all on one subject, with names and
things filled in. The same seed writes the same file. Long because most of it is
vocabulary.
"""

import json
import random
from pathlib import Path

LINES = 900
SEED = 11

NAMES = ["Anna", "Peter", "Ruth", "Omar", "Clara", "Hugo", "Mina", "Tom", "Elena"]
NAMES += ["Viktor", "Grace", "Samuel", "Iris", "Paul", "Nadia", "Felix", "Marta", "Jonas"]
KIN = ["mother", "father", "sister", "brother", "aunt", "uncle", "neighbour", "grandmother", "cousin", "teacher"]
PLACES = ["the village", "the old town", "the harbour", "the valley", "the square", "the hill", "the coast", "the city"]
TIMES = [
    "In the morning",
    "Late in the evening",
    "On Sunday",
    "After lunch",
    "Before dawn",
    "At noon",
    "In early spring",
    "At the end of summer",
    "One cold day",
    "On the first of May",
    "During the holidays",
    "A week later",
]
THINGS = ["basket", "lamp", "letter", "wooden box", "blue coat", "small table", "kettle", "bicycle", "map", "radio"]
FOODS = ["bread", "soup", "apples", "cheese", "fresh fish", "potatoes", "honey cake", "beans", "pears", "warm milk"]
COLOURS = ["red", "green", "white", "grey", "yellow", "brown", "dark blue", "pale"]
NUMBERS = ["two", "three", "four", "five", "six", "seven", "ten", "twelve", "twenty"]

SUBJECTS = [
    {
        "open": [
            "{time} the rain stopped and a light wind came over {place}.",
            "The weather in {place} had been dry for {number} weeks.",
            "{time} {name} looked at the sky and saw {colour} clouds.",
            "Nobody had expected snow so early in the year.",
        ],
        "then": [
            "The streets were wet and the roofs shone in the sun.",
            "People opened their windows to let the clean air in.",
            "A {colour} bird sat on the fence and did not move.",
            "The river had risen, and the path beside it was covered with water.",
            "{name} took an umbrella, because the forecast was not to be trusted.",
            "Thunder could be heard far away, but no storm came near.",
        ],
        "close": [
            "By night the stars were out again.",
            "It was the best day for a long walk.",
            "The farmers were glad of every drop.",
            "Everyone agreed that winter was on its way.",
        ],
    },
    {
        "open": [
            "{time} the market opened in {place}, and the first buyers were already waiting.",
            "{name} sells {food} at the market every week.",
            "The stall at the corner has belonged to the same family for {number} generations.",
            "{name} went to the market with a {thing} and a short list.",
        ],
        "then": [
            "There were {food}, {food2} and flowers in every colour.",
            "A man with a {colour} hat asked for the price and shook his head.",
            "The price of {food} had gone up since the spring.",
            "Children ran between the tables and were told to be careful.",
            "{name2} weighed the {food} and wrote the sum on a piece of paper.",
            "What was not sold before noon was given away for half the price.",
        ],
        "close": [
            "At the end of the day only {number} boxes were left.",
            "They carried everything home and put it in the cellar.",
            "It had been a good morning for trade.",
            "The square was swept and quiet again by two in the afternoon.",
        ],
    },
    {
        "open": [
            "{name} learned to cook from her {kin}.",
            "The kitchen was small, but it was the warmest room of the house.",
            "{time} {name} wanted to make {food} for the whole family.",
            "A good soup takes time, as every cook will tell you.",
        ],
        "then": [
            "First she cut the {food} into small pieces and put them in a pan.",
            "The water must be hot, but it should not boil.",
            "{name2} added a little salt and tasted it with a wooden spoon.",
            "The oven was so old that its door had to be held shut with a chair.",
            "There was no butter left, so they used oil instead.",
            "The smell of {food} went through every room and brought the children down the stairs.",
        ],
        "close": [
            "They ate together and nobody said a word for {number} minutes.",
            "What remained was kept for the next day.",
            "It tasted better than anyone had hoped.",
            "Afterwards they washed the dishes and sang.",
        ],
    },
    {
        "open": [
            "The school stands on {colour} stone at the edge of {place}.",
            "{time} the teacher asked the class a question that nobody could answer.",
            "{name} was new at the school and knew only {number} people.",
            "There are {number} windows in the reading room, and all of them face the garden.",
        ],
        "then": [
            "The pupils wrote their answers slowly and with care.",
            "{name2} lent {name} a pencil and they became friends.",
            "On the wall hung a map that showed the country as it had been long ago.",
            "Reading was easy for some of them, and numbers were easy for others.",
            "The bell rang, but {name} stayed to finish the page.",
            "They learned how plants take in light and how the moon moves the sea.",
        ],
        "close": [
            "It was the lesson that they remembered for years.",
            "Then they all went home by different roads.",
            "The teacher smiled and closed the book.",
            "A year later the same question seemed simple.",
        ],
    },
    {
        "open": [
            "{name} lives beside the sea and owns a {colour} boat.",
            "{time} {number} boats left the harbour before the sun was up.",
            "The lighthouse was built of {colour} brick and can be seen from far away.",
            "The sea was calm, and the water was so clear that one could see the stones.",
        ],
        "then": [
            "The nets were heavy, and it took {number} people to pull them in.",
            "{name2} stood at the front and watched for rocks.",
            "Gulls followed them all the way and cried for {food}.",
            "The engine stopped twice, but each time it started again.",
            "They talked about the great storm in which the old bridge was lost.",
            "Salt had turned the wood grey and made the ropes hard.",
        ],
        "close": [
            "They came back with less than they had hoped for.",
            "On the quay their families were waiting with hot tea.",
            "The boat was cleaned and tied up for the night.",
            "No one who was there has forgotten that day.",
        ],
    },
    {
        "open": [
            "The garden behind the house was {name}'s great pleasure.",
            "{time} {name} planted {number} trees along the wall.",
            "Nothing had grown in that corner since the fire.",
            "My {kin} says that a garden is never finished.",
        ],
        "then": [
            "The soil was dark and full of stones, and digging was slow work.",
            "{colour_start} flowers came first, and then the leaves of the beans.",
            "{name2} brought water from the well in a {thing}.",
            "A hedgehog lives under the leaves and eats the snails.",
            "Every plant was given a small sign with its name.",
            "The apples were sour, but they made a very good cake.",
        ],
        "close": [
            "In autumn they shared what they had with the whole street.",
            "Patience was all that it needed.",
            "Next year they will try roses.",
            "Even the {kin} who never praised anything was pleased.",
        ],
    },
    {
        "open": [
            "The workshop was open from seven until the light was gone.",
            "{name} can repair almost anything, from a clock to a {thing}.",
            "{time} a man brought a {thing} that had belonged to his {kin}.",
            "Good tools are kept dry and sharp, and each has its own place on the wall.",
        ],
        "then": [
            "The screw was rusted, so {name2} put a drop of oil on it and waited.",
            "They measured the wood twice and cut it once.",
            "One leg was shorter than the others and had to be made again.",
            "The glue needs {number} hours before it will hold.",
            "Dust lay on the bench, and the floor was covered with thin curls of wood.",
            "{name} painted it {colour}, the colour that it had been in the beginning.",
        ],
        "close": [
            "When it was done, it looked better than new.",
            "The owner paid with a coin and a jar of honey.",
            "It is still in use today.",
            "Work that is done well needs no sign above the door.",
        ],
    },
    {
        "open": [
            "{time} {name} wrote a long letter to a friend in another country.",
            "The letter arrived {number} weeks late, and one corner was torn.",
            "{name} keeps every letter in a {thing} under the bed.",
            "We had not heard from our {kin} since the move.",
        ],
        "then": [
            "It told of a new house, a {colour} door and a view over {place}.",
            "The writing was small, and some of the words could not be read.",
            "{name2} read it aloud, and everyone listened.",
            "There was a photograph of {number} people in front of a station.",
            "She asked whether the old tree was still standing.",
            "At the end there was a drawing of a {thing} and a joke about {food}.",
        ],
        "close": [
            "The answer was sent the very next day.",
            "It was good to know that all were well.",
            "Some news is worth waiting for.",
            "They promised to visit before the year was over.",
        ],
    },
    {
        "open": [
            "The music school gives a concert in {place} once a year.",
            "{name} has played the violin since the age of {number}.",
            "{time} a band stood in the square and played for an hour.",
            "The piano in the hall has one key that makes no sound.",
        ],
        "then": [
            "The first piece was slow and sad, and the second made people dance.",
            "{name2} forgot a line of the song and laughed.",
            "An old woman closed her eyes and moved her hand with the tune.",
            "The drum could be heard as far as the river.",
            "They had practised for {number} weeks in a cold room.",
            "Someone in the last row asked them to play it once more.",
        ],
        "close": [
            "Nobody wanted to go home.",
            "The money went to the new roof of the school.",
            "That song stayed in my head all night.",
            "Next time they will need a larger hall.",
        ],
    },
    {
        "open": [
            "{time} {name} and {name2} set out to walk across the hills.",
            "The journey to {place} takes {number} hours on foot.",
            "A road runs along the river and ends at an old mill.",
            "{name} had never been so far away from home.",
        ],
        "then": [
            "They carried {food}, a {thing} and enough water for one day.",
            "The path was steep, and they had to rest every few minutes.",
            "A dog with {colour} fur followed them as far as the bridge.",
            "From the top they could see {place} and, beyond it, the sea.",
            "{name2} read the map and said that they should keep to the left.",
            "It became dark earlier than they had thought.",
        ],
        "close": [
            "They slept well that night.",
            "On the way back they took the bus.",
            "It was further than it had looked on the map.",
            "They still talk about the view.",
        ],
    },
]

SUBJECTS.append(
    {
        "open": [
            "The railway came to {place} in {year}, and with it came work for {hundreds} people.",
            "{name} drives an engine, and her {kin} repairs the cars.",
            "{time} a train of {tens} cars left the yard for {place}.",
            "From the bridge one can see the whole yard with its {small} tracks.",
        ],
        "then": [
            "The crew set the brakes and walked the length of the train.",
            "Engine {hundreds} was found with a broken valve and moved to the next track.",
            "Cars of coal, grain and steel were standing at the east end until {clock}.",
            "The switch was frozen, so train {hundreds} was held outside the station.",
            "{name2} reported that the signal was clear at {clock2}.",
            "At the desk they wrote the number of every car that arrived or departed.",
            "An inspector found no leaks and sent them to the main line.",
        ],
        "close": [
            "The next train was ready at {clock3}.",
            "By {clock3} the track was clear again.",
            "The last cars were coupled, and the crew went home.",
            "It is still in service today.",
        ],
    }
)
# Numbers as figures, which the other subjects write as words.
SUBJECTS += [
    {
        "open": [
            "The bus for {place} leaves at {clock} and arrives at {clock2}.",
            "{time} {name} caught the {clock} train with {small} minutes to spare.",
            "The station opened in {year} and has {small} tracks.",
            "Line {small} runs between {place} and the station every {tens} minutes.",
        ],
        "then": [
            "The ticket costs {small} coins, or {tens} for the whole month.",
            "There were {tens} people in car {small}, and most of them were asleep.",
            "The next one goes at {clock3}, but not on Sunday.",
            "{name2} waited on track {small} until {clock2}.",
            "A sign said that the train from {place} would be {tens} minutes late.",
            "Seat {tens} was taken, so {name} moved to seat {tens2}.",
        ],
        "close": [
            "At {clock3} the doors closed.",
            "The last one leaves at {clock3}.",
            "They were home before {clock3}.",
            "Nothing has changed there since {year}.",
        ],
    },
    {
        "open": [
            "House number {tens} was built in {year} for {small} families.",
            "{name} counted {tens} steps up to the door of number {small}.",
            "The shop at {tens} {colour_start} Street is open from {clock} to {clock2}.",
            "In {year} only {hundreds} people lived in {place}.",
        ],
        "then": [
            "By {year2} there were {hundreds2}, and a school with {tens} pupils.",
            "The bill came to {hundreds}, of which {tens} was for the {thing}.",
            "They ordered {tens} boxes of {food} and {small} of {food2}.",
            "Page {hundreds} of the book shows a {thing} from {year}.",
            "The telephone rang at {clock3} and again at {clock2}.",
            "{name2} wrote {hundreds} on the door with chalk, and under it {tens2}.",
        ],
        "close": [
            "The sum was right to the last coin.",
            "It was {clock3} when they had finished.",
            "The number is still on the wall.",
            "In {year2} it was sold again.",
        ],
    },
]


def clock(rng: random.Random) -> str:
    return f"{rng.randrange(24):02d}:{rng.randrange(60):02d}"


def one_line(rng: random.Random) -> str:
    # The last three, which have figures in them, come up about half the time.
    subject = rng.choice(SUBJECTS if rng.random() < 0.6 else SUBJECTS[-3:])
    sentences = [rng.choice(subject["open"])]
    sentences += rng.sample(subject["then"], rng.choice((2, 3)))
    sentences.append(rng.choice(subject["close"]))
    name, name2 = rng.sample(NAMES, 2)
    food, food2 = rng.sample(FOODS, 2)
    colour = rng.choice(COLOURS)
    values = {
        "name": name,
        "name2": name2,
        "food": food,
        "food2": food2,
        "colour": colour,
        "colour_start": rng.choice(COLOURS).capitalize(),
        "time": rng.choice(TIMES),
        "place": rng.choice(PLACES),
        "thing": rng.choice(THINGS),
        "kin": rng.choice(KIN),
        "number": rng.choice(NUMBERS),
        "clock": clock(rng),
        "clock2": clock(rng),
        "clock3": clock(rng),
        "small": rng.randrange(2, 30),
        "tens": rng.randrange(10, 100),
        "tens2": rng.randrange(10, 100),
        "hundreds": rng.randrange(100, 1000),
        "hundreds2": rng.randrange(1000, 10000),
        "year": rng.randrange(1850, 1950),
        "year2": rng.randrange(1950, 2020),
    }
    return " ".join(sentences).format(**values)


def main() -> None:
    rng = random.Random(SEED)
    lines: dict[str, None] = {}
    while len(lines) < LINES:
        lines[one_line(rng)] = None
    rows = "".join(json.dumps({"text": line}) + "\n" for line in lines)
    Path(__file__).with_name("base.jsonl").write_text(rows, encoding="utf-8")


if __name__ == "__main__":
    main()
