"""``$metadata``: the declarations as CSDL (OData CSDL XML 4.01)."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from typing import TypeAlias
from xml.etree import ElementTree as ET

from xenia.catalog.edm import Complex, Prop, Resource, Returned
from xenia.graph.addressing import resources_of

Entities: TypeAlias = Mapping[str, Resource]
"""What is served, by the name of its type."""
_EDMX = "http://docs.oasis-open.org/odata/ns/edmx"
_EDM = "http://docs.oasis-open.org/odata/ns/edm"
_CONTAINERS = {"identity": "identityContainer", "policies": "policyRoot", "auditLogs": "auditLogRoot"}
_BASES = {
    "entity": None,
    "directoryObject": "entity",
    "policyBase": "directoryObject",
    "stsPolicy": "policyBase",
    "authenticationMethodConfiguration": "entity",
    "identityUserFlow": "entity",
}
"""Abstract types that stand above what is served, each with its own base."""


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
    # Under its own address first, with all its relations; other ways to it come later in the list.
    entities = {resource.entity.name: resource for resource in reversed(resources)}
    complexes: dict[str, Complex] = {}
    for resource in resources:
        relations = {nav.name for nav in resource.entity.navs}
        told = tuple(prop for prop in resource.entity.all_props if prop.name not in relations)
        _collect(told, complexes)
        for action in resource.actions:
            _collect(action.params, complexes)
            if action.structure is not None:
                _collect((Prop("", action.structure),), complexes)
    bases = {derived.name: kind.name for kind in complexes.values() for derived in kind.derived}
    for resource in entities.values():
        if resource.entity.name in _BASES:
            continue
        _entity(schema, resource, entities, base=bases.get(resource.entity.name), is_beta=version == "beta")
    for kind in (found for base in complexes.values() for found in (base, *base.derived)):
        if kind.name not in entities:
            attributes = _attributes(kind.name, bases.get(kind.name), is_abstract=bool(kind.derived))
            _properties(ET.SubElement(schema, "ComplexType", attributes), kind.props, entities)
    for resource in resources:
        _actions(schema, resource)
    _containers(schema, resources)
    _container(schema, resources)
    ET.indent(root)
    document: bytes = ET.tostring(root, encoding="utf-8", xml_declaration=True)
    return document


def _base_types(schema: ET.Element) -> None:
    for name, base in _BASES.items():
        attributes = {"Name": name, "Abstract": "true"}
        if base is not None:
            attributes["BaseType"] = f"graph.{base}"
        kind = ET.SubElement(schema, "EntityType", attributes)
        if name == "entity":
            ET.SubElement(ET.SubElement(kind, "Key"), "PropertyRef", Name="id")
            ET.SubElement(kind, "Property", Name="id", Type="Edm.String", Nullable="false")


def _entity(
    schema: ET.Element, resource: Resource, entities: Entities, *, base: str | None, is_beta: bool
) -> None:
    entity = resource.entity
    if resource.is_structure:
        kind = ET.SubElement(schema, "ComplexType", _attributes(entity.name, base))
    elif entity.key != "id":
        kind = ET.SubElement(schema, "EntityType", Name=entity.name)
        ET.SubElement(ET.SubElement(kind, "Key"), "PropertyRef", Name=entity.key)
    else:
        attributes = _attributes(entity.name, entity.base or "entity", is_abstract=entity.is_abstract)
        if entity.has_stream:
            attributes["HasStream"] = "true"
        kind = ET.SubElement(schema, "EntityType", attributes)
    relations = {nav.name for nav in entity.navs} | {"id"}
    told = tuple(prop for prop in entity.props if prop.name not in relations and (is_beta or not prop.beta))
    _properties(kind, told, entities)
    for nav in entity.navs:
        target = nav.target.entity.name if nav.target else "directoryObject"
        _relation(kind, nav.name, target, many=nav.many, is_contained=nav.is_contained)
    for derived in entity.derived:
        child = ET.SubElement(schema, "EntityType", _attributes(derived.name, entity.name))
        _properties(child, derived.props, entities)


def _attributes(name: str, base: str | None, *, is_abstract: bool = False) -> dict[str, str]:
    found = {"Name": name}
    if base is not None:
        found["BaseType"] = f"graph.{base}"
    return {**found, "Abstract": "true"} if is_abstract else found


def _relation(kind: ET.Element, name: str, target: str, *, many: bool, is_contained: bool = False) -> None:
    attributes = {"Name": name, "Type": f"Collection(graph.{target})" if many else f"graph.{target}"}
    if is_contained:
        attributes["ContainsTarget"] = "true"
    ET.SubElement(kind, "NavigationProperty", attributes)


def _properties(kind: ET.Element, props: tuple[Prop, ...], entities: Entities) -> None:
    for prop in props:
        if isinstance(prop.type, Complex) and _is_reference(prop.type, entities):
            # In a body a related entity is named by its id; here it is what it is: a relation.
            _relation(kind, prop.name, prop.type.name, many=prop.many)
        elif prop.returned is not Returned.NEVER:
            _property(kind, prop)


def _property(kind: ET.Element, prop: Prop) -> None:
    attributes = {"Name": prop.name, "Type": prop.type_name}
    if not prop.nullable or prop.many:
        attributes["Nullable"] = "false"
    if prop.max_length is not None:
        attributes["MaxLength"] = str(prop.max_length)
    ET.SubElement(kind, "Property", attributes)


def _is_reference(kind: Complex, entities: Entities) -> bool:
    return kind.name in entities and not entities[kind.name].is_structure


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
