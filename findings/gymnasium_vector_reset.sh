#!/usr/bin/env bash
# Behaviour: with SyncVectorEnv's default (next-step autoreset) the step that follows a termination ignores its
# action, returns reward 0 and the first observation of the new episode; at the termination itself the last
# observation of the old one is returned.
# One would guess: the step that ends an episode returns the new episode's first observation, the old one's last in
# info, as gym and gymnasium before 1.0 did.
# Seen with: gymnasium 1.4.0
# For a modeller: a recorder that cuts at `terminated` puts a transition from the old end to the new start, with an
# action nobody took, at the head of every episode but the first. Drop the step after each end.
set -euo pipefail
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
cd "$dir"
python3 -m venv venv
venv/bin/pip install --quiet --no-compile --disable-pip-version-check 'gymnasium==1.4.0' 'numpy==2.4.6'
venv/bin/python - <<'PYTHON'
import sys
from importlib.metadata import version

import gymnasium
import numpy as np


class Counter(gymnasium.Env):
    """The observation is the step, the reward is the action; ends after two steps."""

    observation_space = gymnasium.spaces.Box(0.0, 9.0, (1,))
    action_space = gymnasium.spaces.Discrete(10)

    def reset(self, seed=None, options=None):
        super().reset(seed=seed)
        self.t = 0
        return np.zeros(1, "f4"), {}

    def step(self, action):
        self.t += 1
        return np.full(1, self.t, "f4"), float(action), self.t == 2, False, {}


envs = gymnasium.vector.SyncVectorEnv([Counter])
envs.reset()
seen = []
for action in (1, 2, 3, 4):
    observation, reward, terminated, _, _ = envs.step(np.array([action]))
    seen.append((action, float(observation[0, 0]), float(reward[0]), bool(terminated[0])))
print("gymnasium", version("gymnasium"))
print("guess: (1, 1, 1, no), (2, 0, 2, yes), (3, 1, 3, no), (4, 0, 4, yes)")
print("action, observation, reward, terminated:", *seen)
ok = seen == [(1, 1.0, 1.0, False), (2, 2.0, 2.0, True), (3, 0.0, 0.0, False), (4, 1.0, 4.0, False)]
print("as recorded" if ok else "changed")
sys.exit(not ok)
PYTHON
