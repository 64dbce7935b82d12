"""Sentence retrieval with no training: embeddings, exact nearest neighbours, margin scores and bitext mining."""
