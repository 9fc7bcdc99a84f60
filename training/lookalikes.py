"""Entry point ``lookalikes`` of the MLflow project: `icp-ml lookalikes` with the run's parameters."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence

from icp_ml import cli


def main(arguments: Sequence[str] | None = None) -> int:
    """Find lookalikes as `icp-ml lookalikes` does and return its exit code; an empty flag is the same as none."""
    parser = argparse.ArgumentParser("python -m training.lookalikes", description=main.__doc__)
    parser.add_argument("--prospects", required=True, help="the table of prospects")
    parser.add_argument(
        "--model", required=True, help="folder, models:/NAME@champion, models:/NAME/3 or runs:/ID/model"
    )
    parser.add_argument("--out", required=True, help="lookalike file, CSV or Parquet by its ending")
    parser.add_argument("--top", default="", help="how many (default: the capacity, else a tenth)")
    parser.add_argument("--seeds", default="", help="ids of the customers to resemble (default: all successes)")
    parser.add_argument("--segment", default="", help="seeds of one desired outcome, or one cluster, alone")
    options = parser.parse_args(arguments)
    command = ["lookalikes", f"--model={options.model}", f"--out={options.out}"]
    given = {name: getattr(options, name) for name in ("top", "seeds", "segment")}
    command += [f"--{name}={value}" for name, value in given.items() if value]
    return cli.main([*command, "--", options.prospects])


if __name__ == "__main__":
    sys.exit(main())
