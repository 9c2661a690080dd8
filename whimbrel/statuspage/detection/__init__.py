"""Detection: when reports surge or rates fall, who is the culprit, and who only wants it to look so. All of it pure."""
