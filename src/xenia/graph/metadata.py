"""``$metadata``: the declarations as CSDL (OData CSDL XML 4.01)."""

from __future__ import annotations

from functools import cache
from xml.etree import ElementTree as ET

from xenia.catalog.edm import Complex, Entity, Prop, Resource
from xenia.graph.addressing import resources_of

_EDMX = "http://docs.oasis-open.org/odata/ns/edmx"
_EDM = "http://docs.oasis-open.org/odata/ns/edm"
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
    entities = {resource.entity.name: resource.entity for resource in resources}
    complexes: dict[str, Complex] = {}
    for entity in entities.values():
        _entity(schema, entity, is_beta=version == "beta")
        _collect(entity.props, complexes)
    for resource in resources:
        for action in resource.actions:
            _collect(action.params, complexes)
    for kind in complexes.values():
        if kind.name not in entities:
            _properties(ET.SubElement(schema, "ComplexType", Name=kind.name), kind.props)
    for resource in resources:
        _actions(schema, resource)
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


def _entity(schema: ET.Element, entity: Entity, *, is_beta: bool) -> None:
    kind = ET.SubElement(schema, "EntityType", Name=entity.name, BaseType=f"graph.{entity.base or 'entity'}")
    told = tuple(prop for prop in entity.props if prop.name != entity.key and (is_beta or not prop.beta))
    _properties(kind, told)
    for nav in entity.navs:
        target = "Collection(graph.directoryObject)" if nav.many else "graph.directoryObject"
        ET.SubElement(kind, "NavigationProperty", Name=nav.name, Type=target)


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
            _collect(prop.type.props, found)


def _actions(schema: ET.Element, resource: Resource) -> None:
    if resource.path == "me":
        return
    for action in resource.actions:
        bound = ET.SubElement(schema, "Action", Name=action.name, IsBound="true")
        ET.SubElement(bound, "Parameter", Name="bindingParameter", Type=f"graph.{resource.entity.name}")
        for param in action.params:
            ET.SubElement(bound, "Parameter", Name=param.name, Type=param.type_name)
        if action.returns is not None:
            ET.SubElement(bound, "ReturnType", Type=action.returns)


def _container(schema: ET.Element, resources: tuple[Resource, ...]) -> None:
    container = ET.SubElement(schema, "EntityContainer", Name="GraphService")
    for resource in resources:
        if "/" in resource.path:
            continue
        kind = f"microsoft.graph.{resource.entity.name}"
        if resource.is_single:
            ET.SubElement(container, "Singleton", Name=resource.path, Type=kind)
        else:
            ET.SubElement(container, "EntitySet", Name=resource.path, EntityType=kind)
