"""Pages, one package a surface, each with its templates beside it. Surfaces never import each other."""
