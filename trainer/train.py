"""The command that a training job runs: `python train.py --config run.json`."""

import sys

from trainer import gang

if __name__ == "__main__":
    gang.join(sys.argv[0], sys.argv[1:])
    from trainer.cli import main

    main()
