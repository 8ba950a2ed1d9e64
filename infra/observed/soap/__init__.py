"""Reading thousands of managed objects of a vCenter fast: requests as text, answers straight into plain values, no tree of client objects.

    request  the text of the calls
    channel  one kept connection that carries them with the session's cookie
    answer   a page of an answer, or its fault
    shapes   what to make of a property's value: only what is asked for is decoded
    reader   views, pages, renewal: the part that others use

Sources: the vim25 WSDL of the vSphere Web Services SDK (PropertyCollector.RetrievePropertiesEx, ContinueRetrievePropertiesEx,
ViewManager.CreateContainerView; the order of elements within RetrieveResult, ObjectContent and MissingProperty)
and the Web Services SDK Programming Guide on property filters and view traversal.
"""
