"""Files of models and data sets on a hub: named files at one commit, resumable, checked, with errors in one sentence.

The client is ``huggingface_hub``'s. What is ours: a repository is read at a full commit hash only, sizes and digests
are known before anything is downloaded, and a broken download goes on where it stopped, even in another process. Only
the phase ``fetch``, and commands that say that they reach out, import this.
"""
