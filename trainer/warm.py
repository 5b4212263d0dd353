"""The parent that jobs are forked from: `python warm.py FRAMEWORK...`, requests on stdin and answers on stdout."""

from trainer.warm import main

if __name__ == "__main__":
    main()
