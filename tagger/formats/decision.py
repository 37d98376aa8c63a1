"""What a moderation policy decided, as a line for a terminal."""

from tagger.formats.visible import visible
from tagger.policy import Decision, Reason

__all__ = ["decision_line"]


def decision_line(decision: Decision) -> str:
    """The action, the policy, and each rule that asked for it with its spans counted."""
    policy = f"policy {decision.policy}, version {decision.version}"
    reasons = "; ".join(map(_reason, decision.reasons)) or "no rule holds"
    return f"decision: {decision.action} ({policy}): {reasons}\n"


def _reason(reason: Reason) -> str:
    count = len(reason.spans)
    labels = ", ".join(visible(label).replace("\n", " ") for label in reason.labels)
    return f"{reason.rule}, {count} span{'s' * (count > 1)} ({labels})"
