"""start values of weights, one family each"""
