"""Find the prospects most like the customers that succeeded and unlike those that churned, with the evidence."""
