"""Draw charts as SVG text: small, sharp in print, readable without scripts. Charts compute nothing but positions."""

from icp_ml.report.svg.account import waterfall
from icp_ml.report.svg.counts import counts_chart
from icp_ml.report.svg.fits import beeswarm, fit_bars, importance_chart, interactions_chart
from icp_ml.report.svg.judged import bands_chart, lift_chart, origins_chart, reliability_chart, slices_chart
from icp_ml.report.svg.shapes import WIDTH, Axis, fitting

__all__ = [
    "WIDTH",
    "Axis",
    "bands_chart",
    "beeswarm",
    "counts_chart",
    "fit_bars",
    "fitting",
    "importance_chart",
    "interactions_chart",
    "lift_chart",
    "origins_chart",
    "reliability_chart",
    "slices_chart",
    "waterfall",
]
