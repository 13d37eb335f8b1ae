"""The API as an OpenAPI 3.1 document, made from the table of routes, the fields of a message and the shapes of answers.

document.py puts it together; the rest holds one part each: shapes what comes back, message and bodies what is sent,
parameters what stands beside a body, kinds which errors there are, operation one route, page the reference page.
Nothing of it is made before somebody asks for the document.
"""
