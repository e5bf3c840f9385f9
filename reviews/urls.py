"""Addresses of reviews."""

from django.urls import path

from reviews.views import desk, lines, reviews, submitting

app_name = "reviews"
DESK = [
    path("reviews/", reviews.reviews, name="reviews"),
    path("reviews/<str:pk>/", desk.desk, name="desk"),
    path("reviews/<str:pk>/mark/", desk.mark, name="mark"),
    path("reviews/<str:pk>/give/", lines.give, name="give"),
    path("reviews/<str:pk>/submit/", submitting.submit, name="submit"),
    path("reviews/<str:pk>/submissions/", submitting.submissions, name="submissions"),
    path("reviews/<str:pk>/lines/<int:line_no>/", lines.line, name="line"),
    path("reviews/<str:pk>/lines/<int:line_no>/comment/", lines.comment, name="comment"),
]
urlpatterns = [*DESK]
