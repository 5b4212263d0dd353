"""The command that a training job runs: `python train.py --config run.json`."""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent))

from trainer.cli import main  # noqa: E402

if __name__ == "__main__":
    main()
