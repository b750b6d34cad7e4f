"""Generation: pictures made of random values, and pictures squeezed into a code and drawn again."""
