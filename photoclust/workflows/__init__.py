"""What photoclust can do: a function with a typed result for each verb, which every way in calls."""
