"""What is mounted at ``/lms/`` instead of wagtail-lms' own addresses? The same names, behind the decision."""

from django.urls import path

from . import views

app_name = "wagtail_lms"

urlpatterns = [
    path("scorm-lesson/<int:lesson_id>/play/", views.play, name="scorm_player"),
    path("scorm-api/<int:attempt_id>/", views.track_scorm, name="scorm_api"),
    path("course/<int:course_id>/enroll/", views.enrol, name="enroll_course"),
    path("scorm-content/<path:content_path>", views.ScormContentView.as_view(), name="serve_scorm_content"),
    path("h5p-xapi/<int:activity_id>/", views.track_h5p, name="h5p_xapi"),
    path("h5p-content-user-data/<int:activity_id>/", views.remember_h5p, name="h5p_content_user_data"),
    path("h5p-content/<path:content_path>", views.H5PContentView.as_view(), name="serve_h5p_content"),
]
