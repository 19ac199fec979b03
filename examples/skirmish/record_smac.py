#!/usr/bin/env python3
"""Records battles of the real game through SMAC into the folder of .npy files that README.md describes.

UNTESTED WITH THE GAME: it was written from SMAC's source and has only been run with a stand-in for its environment, since
it needs StarCraft II, SMAC's maps and the packages `smac` and `pysc2`. `skirmish render --data <folder>` checks what it
writes.
"""

import argparse
import pathlib
import sys

import numpy as np

# The game's numbers of the units, by the names that SMAC gives its own types.
UNIT_IDS = {
    "marine": 48, "marauder": 51, "medivac": 54, "stalker": 74, "zealot": 73, "colossus": 4, "zergling": 105,
    "baneling": 9, "hydralisk": 107,
}
# SMAC's maximum cooldowns, in game loops.
MAX_COOLDOWN = {48: 15, 51: 25, 54: 200, 74: 35, 73: 22, 4: 24, 105: 11, 9: 1, 107: 10, 98: 15}


def unit_id(env, unit):
    """SMAC's maps give the agents' units numbers of their own; enemies mostly have the game's."""
    for name, number in UNIT_IDS.items():
        if getattr(env, f"{name}_id", None) == unit.unit_type:
            return number
    return unit.unit_type


def fraction(part, whole):
    return min(1.0, max(0.0, part / whole)) if whole > 0 else 0.0


class Recorder:
    """Collects the states of one scenario. Slots are SMAC's agents, then its enemies by type: the game may list enemies
    in another order in each episode."""

    def __init__(self):
        self.types = None
        self.enemy_order = []
        self.states = {name: [] for name in
                       ("alive", "position", "health", "energy", "cooldown", "shield", "action")}
        self.episode_length, self.won = [], []

    def units(self, env):
        return [env.agents[i] for i in range(env.n_agents)] + [env.enemies[i] for i in self.enemy_order]

    def begin(self, env):
        self.enemy_order = sorted(range(env.n_enemies), key=lambda i: (unit_id(env, env.enemies[i]), i))
        types = [unit_id(env, unit) for unit in self.units(env)]
        if self.types is not None and types != self.types:
            sys.exit(f"record_smac: the units changed between episodes: expected {self.types}, found {types}")
        self.types = types
        self.episode_length.append(0)

    def state(self, env, actions):
        rows = {name: [] for name in self.states if name != "action"}
        for number, unit in zip(self.types, self.units(env)):
            alive = unit.health > 0
            rows["alive"].append(int(alive))
            rows["position"].append((unit.pos.x, unit.pos.y) if alive else (0.0, 0.0))
            rows["health"].append(fraction(unit.health, unit.health_max) if alive else 0.0)
            rows["energy"].append(fraction(unit.energy, unit.energy_max) if alive else 0.0)
            cooldown = 0.0 if number == 54 else fraction(unit.weapon_cooldown, MAX_COOLDOWN.get(number, 15))
            rows["cooldown"].append(cooldown if alive else 0.0)
            rows["shield"].append(fraction(unit.shield, unit.shield_max) if alive else 0.0)
        for name, row in rows.items():
            self.states[name].append(row)
        self.states["action"].append([self.in_slots(i, action) for i, action in enumerate(actions)])
        self.episode_length[-1] += 1

    def in_slots(self, agent, action):
        """An attack names an enemy as SMAC counts them; a Medivac's target is an agent, and those keep their order."""
        if action < 6 or self.types[agent] == UNIT_IDS["medivac"]:
            return action
        return 6 + self.enemy_order.index(action - 6)

    def save(self, env, folder):
        playable = [(0.0, 0.0), (float(env.map_x), float(env.map_y))]
        fields = {
            "episode_length": np.array(self.episode_length, "<i4"),
            "won": np.array(self.won, "u1"),
            "unit_type": np.array(self.types, "<i4"),
            "enemy": np.array([0] * env.n_agents + [1] * env.n_enemies, "u1"),
            "map_size": np.array([env.map_x, env.map_y], "<f4"),
            "walkable": np.array(playable, "<f4"),
        }
        for name, rows in self.states.items():
            fields[name] = np.array(rows, "u1" if name in ("alive", "action") else "<f4")
        folder.mkdir(parents=True)
        for name, values in fields.items():
            np.save(folder / f"{name}.npy", values)


def play(env, recorder, random):
    env.reset()
    recorder.begin(env)
    over, info = False, {}
    while not over:
        actions = []
        for agent in range(env.n_agents):
            legal = np.nonzero(env.get_avail_agent_actions(agent))[0]
            actions.append(int(random.choice(legal)))
        recorder.state(env, actions)
        _, over, info = env.step(actions)
    # The state after the last step, in which nobody does anything.
    recorder.state(env, [0] * env.n_agents)
    recorder.won.append(int(info.get("battle_won", False)))


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--map", default="1c3s5z", help="SMAC's name of the map")
    parser.add_argument("--episodes", type=int, default=100)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--out", type=pathlib.Path, required=True, help="new folder")
    options = parser.parse_args()
    if options.out.exists():
        sys.exit(f"record_smac: {options.out} is there already")
    try:
        from smac.env import StarCraft2Env
    except ImportError as error:
        sys.exit(f"record_smac: needs the package smac, StarCraft II and SMAC's maps: {error}")

    env = StarCraft2Env(map_name=options.map, seed=options.seed)
    recorder, random = Recorder(), np.random.default_rng(options.seed)
    try:
        for _ in range(options.episodes):
            play(env, recorder, random)
        recorder.save(env, options.out)
    finally:
        env.close()


if __name__ == "__main__":
    main()
