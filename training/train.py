"""Entry point ``train`` of the MLflow project: `icp-ml train` with the run's parameters."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence

from icp_ml import cli


def main(arguments: Sequence[str] | None = None) -> int:
    """Train as `icp-ml train` does and return its exit code; an empty flag is the same as none."""
    parser = argparse.ArgumentParser("python -m training.train", description=main.__doc__)
    parser.add_argument("--study", required=True, help="the study file")
    parser.add_argument("--out", required=True, help="the model folder")
    parser.add_argument("--profile", default="", help="below the floor: order by this profile's criteria")
    parser.add_argument("--seed", default="", help="instead of the study's seed")
    options = parser.parse_args(arguments)
    command = ["train", f"--out={options.out}"]
    command += [f"--profile={options.profile}"] if options.profile else []
    command += [f"--set=seed={options.seed}"] if options.seed else []
    return cli.main([*command, "--", options.study])


if __name__ == "__main__":
    sys.exit(main())
