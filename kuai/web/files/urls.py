"""Addresses of files and of work by ticket; a person is in none of them."""

from __future__ import annotations

from django.urls import path

from kuai.web.files import tasks, views

urlpatterns = [
    path("files/<str:code>/", views.show_file, name="file"),
    path("tasks/", tasks.show_tasks, name="tasks"),
    path("tasks/open/", tasks.open_task, name="task_open"),
    path("tasks/reveal/", tasks.reveal_field, name="task_reveal"),
    path("tasks/bind/", tasks.bind_login, name="task_bind"),
    path("tasks/unbind/", tasks.end_login, name="task_unbind"),
]
