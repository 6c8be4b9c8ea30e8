"""The picture of a training run: one offline HTML file that shows how good the model is and where it errs."""

from tinymm.report.page import Report, write_report

__all__ = ["Report", "write_report"]
