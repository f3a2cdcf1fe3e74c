"""What people look at and take away: the review page and the exports."""
