"""The command that a training job runs: `python train.py --config run.json`."""

from trainer.cli import main

if __name__ == "__main__":
    main()
