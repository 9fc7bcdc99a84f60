"""Write a profile as a query for a list supplier: what a supplier can be asked, and what to expect of the answer."""
