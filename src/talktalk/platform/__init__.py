"""What has no business meaning: clock, ids, database, feed, wake-ups, problems, jobs, limits.

Every slice may import it; it imports `talktalk_wire` and no slice.
"""
