"""Networks captured as graphs of operators, for formats that hold the computation itself. All of it needs torch."""
