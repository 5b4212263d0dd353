"""Writes dispatch.jsonl and dispatch-heldout.jsonl: notes from a rail yard's dispatch desk.

    python3 trainer/examples/write_dispatch.py

A note has one fixed style: time and desk, what happened, what was done, what
comes next. The held-out notes come from the same desk and repeat no line of
the others. The same seed writes the same files.
"""

import json
import random
from pathlib import Path

TRAINING_LINES = 640
HELD_OUT_LINES = 50
SEED = 23

DESKS = ["North desk", "South desk", "Hump desk", "East lead", "West lead"]
TOWNS = [
    "Ashford",
    "Millbrook",
    "Crane Point",
    "Dunmore",
    "Elk Junction",
    "Farrow",
    "Granby",
    "Holt",
    "Iverness",
    "Kells",
    "Larkfield",
    "Marston",
    "Norwood",
    "Oakley",
    "Port Adair",
    "Quarry Hill",
    "Redmond",
    "Stonegate",
    "Tarrant",
    "Wexley",
]
CREWS = [
    "Alvarez",
    "Brandt",
    "Chen",
    "Doyle",
    "Eriksen",
    "Fofana",
    "Greer",
    "Hassan",
    "Ito",
    "Jansen",
    "Kowal",
    "Lindqvist",
]
FREIGHT = [
    "grain",
    "lumber",
    "coal",
    "empty tank cars",
    "steel coil",
    "containers",
    "cement",
    "new automobiles",
    "paper rolls",
    "fertilizer",
    "gravel",
    "frozen goods",
]
FAULTS = [
    "hot bearing",
    "flat wheel",
    "leaking valve",
    "broken knuckle",
    "sticking brake",
    "shifted load",
    "loose hatch",
    "worn coupler",
    "cracked air hose",
    "dragging chain",
]
DELAYS = [
    "late connection at {town}",
    "signal trouble at {town}",
    "slow order east of {town}",
    "fog in the cut at {town}",
    "switch frozen on track {track}",
    "crew out of hours",
    "power not ready",
    "road crossing blocked at {town}",
]
INSPECTORS = ["car inspector", "carman", "yard foreman", "section crew", "signal maintainer"]

HAPPENED = [
    "Train {train} from {town} arrived on track {track} with {cars} cars of {freight}.",
    "Train {train} for {town} departed from track {track} with {cars} cars of {freight}.",
    "Train {train} from {town} is {minutes} minutes late: {delay}.",
    "Train {train} is holding outside the yard for track {track}.",
    "Cut of {cars} cars of {freight} is standing on track {track} for {town}.",
    "Car {car} on track {track} was found with a {fault}.",
    "Engine {engine} came off train {train} at track {track} and is low on fuel.",
    "Crew {crew} reported a {fault} on car {car} of train {train}.",
    "Track {track} is out of service from switch {switch} to the east end.",
    "Train {train} was built on track {track}: {cars} cars, {freight} on the head end.",
]
DONE = [
    "Crew {crew} set out {few} cars to track {track2}.",
    "Car {car} was bad ordered and moved to the repair track.",
    "Crew {crew} doubled the train over to track {track2}.",
    "The {inspector} walked the train and found no other defects.",
    "Air test was complete at {later}, no leaks found.",
    "Engine {engine} was cut off and sent to the fuel pad.",
    "Switch {switch} was lined and locked for the main.",
    "Blue flag is up on track {track2} until the {inspector} is clear.",
    "Crew {crew} pulled {few} cars for {town2} and tied down the rest.",
    "Hand brakes were set on {few} cars at the west end.",
]
NEXT = [
    "Next: train {train2} for {town2} at {later}.",
    "Next: couple track {track2} and call crew {crew2} for {later}.",
    "Next: release track {track} when the {inspector} reports clear.",
    "Next: hold train {train2} at {town2} until track {track2} is clear.",
    "Next: spot {few} cars of {freight2} at the {town2} dock.",
    "Next: engine {engine2} to train {train2}, depart by {later}.",
    "Next: tell {town2} to expect {cars} cars at {later}.",
]


def clock(minute: int) -> str:
    return f"{minute // 60 % 24:02d}:{minute % 60:02d}"


def one_note(rng: random.Random) -> str:
    minute = rng.randrange(24 * 60)
    town, town2 = rng.sample(TOWNS, 2)
    crew, crew2 = rng.sample(CREWS, 2)
    freight, freight2 = rng.sample(FREIGHT, 2)
    track, track2 = rng.sample(range(1, 25), 2)
    values = {
        "train": rng.randrange(100, 1000),
        "train2": rng.randrange(100, 1000),
        "town": town,
        "town2": town2,
        "crew": crew,
        "crew2": crew2,
        "freight": freight,
        "freight2": freight2,
        "track": track,
        "track2": track2,
        "cars": rng.randrange(18, 120),
        "few": rng.randrange(2, 15),
        "minutes": rng.randrange(10, 95, 5),
        "car": rng.randrange(1000, 10000),
        "engine": rng.randrange(2000, 6000),
        "engine2": rng.randrange(2000, 6000),
        "switch": rng.randrange(1, 40),
        "fault": rng.choice(FAULTS),
        "inspector": rng.choice(INSPECTORS),
        "later": clock(minute + rng.randrange(15, 180, 5)),
    }
    values["delay"] = rng.choice(DELAYS).format(**values)
    parts = [rng.choice(HAPPENED), rng.choice(DONE), rng.choice(NEXT)]
    return f"{clock(minute)} {rng.choice(DESKS)}. " + " ".join(parts).format(**values)


def main() -> None:
    rng = random.Random(SEED)
    notes: dict[str, None] = {}
    while len(notes) < TRAINING_LINES + HELD_OUT_LINES:
        notes[one_note(rng)] = None
    rows = [json.dumps({"text": note}) + "\n" for note in notes]
    here = Path(__file__)
    here.with_name("dispatch.jsonl").write_text("".join(rows[:TRAINING_LINES]), encoding="utf-8")
    here.with_name("dispatch-heldout.jsonl").write_text("".join(rows[TRAINING_LINES:]), encoding="utf-8")


if __name__ == "__main__":
    main()
