"""``$metadata``: the declarations as CSDL (OData CSDL XML 4.01)."""

from __future__ import annotations

from functools import cache
from xml.etree import ElementTree as ET

from xenia.catalog.edm import Complex, Prop, Resource
from xenia.graph.addressing import resources_of

_EDMX = "http://docs.oasis-open.org/odata/ns/edmx"
_EDM = "http://docs.oasis-open.org/odata/ns/edm"
_CONTAINERS = {"identity": "identityContainer", "policies": "policyRoot", "auditLogs": "auditLogRoot"}
_BASES = ("entity", "directoryObject", "policyBase", "authenticationMethodConfiguration")


@cache
def metadata(version: str) -> bytes:
    """The document of one version; the same for everybody, so it is made once."""
    resources = resources_of(version)
    root = ET.Element("edmx:Edmx", {"xmlns:edmx": _EDMX, "Version": "4.0"})
    schema = ET.SubElement(
        ET.SubElement(root, "edmx:DataServices"),
        "Schema",
        {"xmlns": _EDM, "Namespace": "microsoft.graph", "Alias": "graph"},
    )
    _base_types(schema)
    entities = {resource.entity.name: resource for resource in resources}
    complexes: dict[str, Complex] = {}
    for resource in entities.values():
        _entity(schema, resource, is_beta=version == "beta")
        _collect(resource.entity.all_props, complexes)
    for resource in resources:
        for action in resource.actions:
            _collect(action.params, complexes)
    for kind in complexes.values():
        if kind.name not in entities:
            _complex(schema, kind)
    for resource in resources:
        _actions(schema, resource)
    _containers(schema, resources)
    _container(schema, resources)
    ET.indent(root)
    document: bytes = ET.tostring(root, encoding="utf-8", xml_declaration=True)
    return document


def _base_types(schema: ET.Element) -> None:
    for name in _BASES:
        attributes = {"Name": name, "Abstract": "true"}
        if name != "entity":
            attributes["BaseType"] = "graph.entity"
        kind = ET.SubElement(schema, "EntityType", attributes)
        if name == "entity":
            ET.SubElement(ET.SubElement(kind, "Key"), "PropertyRef", Name="id")
            ET.SubElement(kind, "Property", Name="id", Type="Edm.String", Nullable="false")


def _entity(schema: ET.Element, resource: Resource, *, is_beta: bool) -> None:
    entity = resource.entity
    if resource.is_structure:
        kind = ET.SubElement(schema, "ComplexType", Name=entity.name)
    elif entity.key != "id":
        kind = ET.SubElement(schema, "EntityType", Name=entity.name)
        ET.SubElement(ET.SubElement(kind, "Key"), "PropertyRef", Name=entity.key)
    else:
        attributes = {"Name": entity.name, "BaseType": f"graph.{entity.base or 'entity'}"}
        kind = ET.SubElement(schema, "EntityType", attributes | _abstract(is_abstract=entity.is_abstract))
    told = tuple(prop for prop in entity.props if prop.name != "id" and (is_beta or not prop.beta))
    _properties(kind, told)
    for nav in entity.navs:
        target = f"graph.{nav.target.entity.name if nav.target else 'directoryObject'}"
        attributes = {"Name": nav.name, "Type": f"Collection({target})" if nav.many else target}
        if nav.is_contained:
            attributes["ContainsTarget"] = "true"
        ET.SubElement(kind, "NavigationProperty", attributes)
    for derived in entity.derived:
        child = ET.SubElement(schema, "EntityType", Name=derived.name, BaseType=f"graph.{entity.name}")
        _properties(child, derived.props)


def _complex(schema: ET.Element, kind: Complex) -> None:
    attributes = {"Name": kind.name} | _abstract(is_abstract=bool(kind.derived))
    _properties(ET.SubElement(schema, "ComplexType", attributes), kind.props)
    for derived in kind.derived:
        child = ET.SubElement(schema, "ComplexType", Name=derived.name, BaseType=f"graph.{kind.name}")
        _properties(child, derived.props)


def _abstract(*, is_abstract: bool) -> dict[str, str]:
    return {"Abstract": "true"} if is_abstract else {}


def _properties(kind: ET.Element, props: tuple[Prop, ...]) -> None:
    for prop in props:
        attributes = {"Name": prop.name, "Type": prop.type_name}
        if not prop.nullable or prop.many:
            attributes["Nullable"] = "false"
        if prop.max_length is not None:
            attributes["MaxLength"] = str(prop.max_length)
        ET.SubElement(kind, "Property", attributes)


def _collect(props: tuple[Prop, ...], found: dict[str, Complex]) -> None:
    for prop in props:
        if isinstance(prop.type, Complex) and prop.type.name not in found:
            found[prop.type.name] = prop.type
            for kind in (prop.type, *prop.type.derived):
                _collect(kind.props, found)


def _containers(schema: ET.Element, resources: tuple[Resource, ...]) -> None:
    """Roots that hold nothing but relations to what lives below them."""
    for head, name in _CONTAINERS.items():
        kind = ET.SubElement(schema, "EntityType", Name=name)
        for resource in resources:
            first, _, rest = resource.path.partition("/")
            if first == head and rest and "/" not in rest:
                target = f"graph.{resource.entity.name}"
                ET.SubElement(
                    kind,
                    "NavigationProperty",
                    Name=rest,
                    Type=target if resource.is_single else f"Collection({target})",
                    ContainsTarget="true",
                )


def _actions(schema: ET.Element, resource: Resource) -> None:
    if resource.path == "me":
        return
    for action in resource.actions:
        word = "Function" if action.is_function else "Action"
        bound = ET.SubElement(schema, word, Name=action.name, IsBound="true")
        owner = f"graph.{resource.entity.name}"
        owner = f"Collection({owner})" if action.of_collection else owner
        ET.SubElement(bound, "Parameter", Name="bindingParameter", Type=owner)
        for param in action.params:
            ET.SubElement(bound, "Parameter", Name=param.name, Type=param.type_name)
        if action.returns is not None:
            ET.SubElement(bound, "ReturnType", Type=action.returns)


def _container(schema: ET.Element, resources: tuple[Resource, ...]) -> None:
    container = ET.SubElement(schema, "EntityContainer", Name="GraphService")
    for head, kind in _CONTAINERS.items():
        ET.SubElement(container, "Singleton", Name=head, Type=f"microsoft.graph.{kind}")
    for resource in resources:
        if "/" in resource.path:
            continue
        kind = f"microsoft.graph.{resource.entity.name}"
        if resource.is_single:
            ET.SubElement(container, "Singleton", Name=resource.path, Type=kind)
        else:
            ET.SubElement(container, "EntitySet", Name=resource.path, EntityType=kind)
