"""Addresses of reviews."""

from django.urls import path

from reviews.views import desk, desk_lines, reviews, submitting

app_name = "reviews"
DESK = [
    path("reviews/", reviews.reviews, name="reviews"),
    path("reviews/<str:pk>/", desk.desk, name="desk"),
    path("reviews/<str:pk>/mark/", desk.mark, name="mark"),
    path("reviews/<str:pk>/give/", desk_lines.give, name="give"),
    path("reviews/<str:pk>/submit/", submitting.submit, name="submit"),
    path("reviews/<str:pk>/submissions/", submitting.submissions, name="submissions"),
    path("reviews/<str:pk>/lines/<int:line_no>/", desk_lines.line, name="line"),
    path("reviews/<str:pk>/lines/<int:line_no>/comment/", desk_lines.comment, name="comment"),
]
urlpatterns = [*DESK]
