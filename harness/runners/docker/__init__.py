"""The Docker runner: one closed container a stage, driven through the Docker SDK.

``engine`` speaks to the engine and reads its errors, ``confinement`` says what a container may and may not, ``logs``
follows what it prints, ``watch`` sees it to its end, ``labels`` finds and removes our own containers, ``runner`` is the
whole, and ``preflight`` says beforehand what would go wrong.
"""
