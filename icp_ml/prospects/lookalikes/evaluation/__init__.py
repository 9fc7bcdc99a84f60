"""Judge lists of lookalikes by customers of both outcomes that were hidden among the prospects."""
