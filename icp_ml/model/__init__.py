"""Who succeeds? Features, learners, calibration, evaluation and the bundle."""
