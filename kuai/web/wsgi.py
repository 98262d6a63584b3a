"""The portal as a WSGI application."""

import os

from django.core.wsgi import get_wsgi_application

from kuai.web.parting import end_with_server

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "kuai.web.settings")
# Because a worker answers several requests at once already, an engine of a page needs no threads of its own.
os.environ.setdefault("KUAI_THREADS", "1")
application = get_wsgi_application()
end_with_server()
