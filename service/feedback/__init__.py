"""What moderators say of the tagger's spans, kept in a database until it is trained on."""

from service.feedback.database import check_database
from service.feedback.reading import read_feedback
from service.feedback.records import Feedback, KeyReused, Record, Retry
from service.feedback.schemas import RECORDS, After, FeedbackAnswer, FeedbackRequest, RetryHeader
from service.feedback.store import FeedbackStore

__all__ = [
    "RECORDS",
    "After",
    "Feedback",
    "FeedbackAnswer",
    "FeedbackRequest",
    "FeedbackStore",
    "KeyReused",
    "Record",
    "Retry",
    "RetryHeader",
    "check_database",
    "read_feedback",
]
