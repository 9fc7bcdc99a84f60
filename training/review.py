"""Entry point ``review`` of the MLflow project: `icp-ml review` with the run's parameters."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence

from icp_ml import cli


def main(arguments: Sequence[str] | None = None) -> int:
    """Review as `icp-ml review` does and return its exit code; an empty flag is the same as none."""
    parser = argparse.ArgumentParser("python -m training.review", description=main.__doc__)
    parser.add_argument("--profile", required=True, help="the profile file")
    parser.add_argument("--study", required=True, help="the study file")
    parser.add_argument(
        "--model", required=True, help="folder, models:/NAME@champion, models:/NAME/3 or runs:/ID/model"
    )
    parser.add_argument("--out", required=True, help="folder of the review")
    parser.add_argument("--prospects", default="", help="the market, where it is not that of the study")
    options = parser.parse_args(arguments)
    command = ["review", f"--study={options.study}", f"--model={options.model}", f"--out={options.out}"]
    command += [f"--prospects={options.prospects}"] if options.prospects else []
    return cli.main([*command, "--", options.profile])


if __name__ == "__main__":
    sys.exit(main())
