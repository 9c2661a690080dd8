"""The catalogue: the components that the page shows, and the services that people can report about."""
