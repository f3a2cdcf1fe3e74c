"""Ids that last, changes between groupings, facts about people, questions and explanations."""
