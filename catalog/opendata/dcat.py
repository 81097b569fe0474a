"""The catalogue as DCAT (W3C), for portals that harvest it: one page of services a graph, Hydra leads on."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import date

from rdflib import DCAT, DCTERMS, FOAF, RDF, XSD, BNode, Graph, Literal, Namespace, URIRef

from catalog.models import Family
from catalog.opendata.services import PublicService

HYDRA = Namespace("http://www.w3.org/ns/hydra/core#")
SCHEMA = Namespace("https://schema.org/")
RESOURCE = URIRef(f"{DCAT}resource")  # DCAT 3, which rdflib's list of terms does not have yet
LICENCE = URIRef("https://www.etalab.gouv.fr/licence-ouverte-open-licence")
FRENCH = URIRef("http://publications.europa.eu/resource/authority/language/FRA")
PUBLIC = URIRef("http://publications.europa.eu/resource/authority/access-right/PUBLIC")

FORMATS = {"jsonld": "json-ld", "ttl": "turtle"}
CONTENT_TYPES = {"jsonld": "application/ld+json", "ttl": "text/turtle; charset=utf-8"}


@dataclass(frozen=True)
class Addresses:
    """Where what the graph speaks of stands; all absolute."""

    catalogue: str  # the page a person reads; the catalogue's own identifier is this + "#catalogue"
    api: str
    api_document: str
    downloads: list[tuple[str, str, str]]  # title, address, media type
    service: Callable[[PublicService], str]
    operator: Callable[[str], str]
    page: Callable[[int], str]  # this very document, another page


@dataclass(frozen=True)
class Publisher:
    name: str
    homepage: str


def serialized(graph: Graph, extension: str) -> bytes:
    """`extension` is a key of FORMATS."""
    return graph.serialize(format=FORMATS[extension], encoding="utf-8")


def catalogue_graph(
    *,
    services: Iterable[PublicService],
    operators: dict[str, str],
    publisher: Publisher,
    addresses: Addresses,
    page: int,
    pages: int,
    total: int,
    on: date,
) -> Graph:
    """One page of the catalogue. `operators` are their names by slug; `page` counts from 1 to `pages`."""
    graph = Graph()
    for prefix, namespace in (("dcat", DCAT), ("dct", DCTERMS), ("foaf", FOAF), ("hydra", HYDRA),
                              ("schema", SCHEMA)):  # fmt: skip
        graph.bind(prefix, namespace)
    catalogue = URIRef(f"{addresses.catalogue}#catalogue")
    publisher_node = _publisher(graph, publisher)
    add = graph.add
    add((catalogue, RDF.type, DCAT.Catalog))
    add((catalogue, RDF.type, HYDRA.Collection))
    add((catalogue, DCTERMS.title, Literal("Services numériques des collectivités", lang="fr")))
    add((catalogue, DCTERMS.description, Literal(
        "Les services numériques que les collectivités locales achètent ensemble.", lang="fr")))  # fmt: skip
    add((catalogue, DCTERMS.language, FRENCH))
    add((catalogue, DCTERMS.license, LICENCE))
    add((catalogue, DCTERMS.publisher, publisher_node))
    add((catalogue, DCTERMS.modified, Literal(on.isoformat(), datatype=XSD.date)))
    add((catalogue, FOAF.homepage, URIRef(addresses.catalogue)))
    add((catalogue, HYDRA.totalItems, Literal(total)))
    _paging(graph, catalogue, addresses, page, pages)
    if page == 1:
        _dataset(graph, catalogue, publisher_node, addresses, on)
    vendors: set[str] = set()
    for service in services:
        _service(graph, catalogue, service, operators, addresses, vendors)
    return graph


def _publisher(graph: Graph, publisher: Publisher) -> URIRef:
    node = URIRef(publisher.homepage)
    graph.add((node, RDF.type, FOAF.Organization))
    graph.add((node, FOAF.name, Literal(publisher.name)))
    return node


def _paging(graph: Graph, catalogue: URIRef, addresses: Addresses, page: int, pages: int) -> None:
    view = URIRef(addresses.page(page))
    graph.add((catalogue, HYDRA.view, view))
    graph.add((view, RDF.type, HYDRA.PartialCollectionView))
    links = [(HYDRA.first, 1), (HYDRA.last, pages)]
    if page > 1:
        links.append((HYDRA.previous, page - 1))
    if page < pages:
        links.append((HYDRA.next, page + 1))
    for relation, number in links:
        graph.add((view, relation, URIRef(addresses.page(number))))


def _dataset(graph: Graph, catalogue: URIRef, publisher: URIRef, addresses: Addresses, on: date) -> None:
    """The catalogue as files, and the interface that serves it: what an open data portal shows."""
    dataset = URIRef(f"{addresses.catalogue}#services")
    interface = URIRef(f"{addresses.catalogue}#api")
    title = Literal("Catalogue des services numériques des collectivités", lang="fr")
    summary = Literal("Services, opérateurs et éditeurs. Ni prix négocié ni donnée personnelle.", lang="fr")
    graph.add((catalogue, DCAT.dataset, dataset))
    graph.add((catalogue, DCAT.service, interface))
    for node, kind, said in (
        (dataset, DCAT.Dataset, title),
        (interface, DCAT.DataService, Literal("Interface du catalogue", lang="fr")),
    ):
        graph.add((node, RDF.type, kind))
        graph.add((node, DCTERMS.identifier, Literal(str(node))))
        graph.add((node, DCTERMS.title, said))
        graph.add((node, DCTERMS.description, summary))
        graph.add((node, DCTERMS.publisher, publisher))
        graph.add((node, DCTERMS.license, LICENCE))
        graph.add((node, DCTERMS.accessRights, PUBLIC))
        graph.add((node, DCAT.landingPage, URIRef(addresses.catalogue)))
    graph.add((dataset, DCTERMS.modified, Literal(on.isoformat(), datatype=XSD.date)))
    graph.add((interface, DCAT.endpointURL, URIRef(addresses.api)))
    graph.add((interface, DCAT.endpointDescription, URIRef(addresses.api_document)))
    graph.add((interface, DCAT.servesDataset, dataset))
    for said, url, media_type in addresses.downloads:
        file = URIRef(url)
        graph.add((dataset, DCAT.distribution, file))
        graph.add((file, RDF.type, DCAT.Distribution))
        graph.add((file, DCTERMS.title, Literal(said, lang="fr")))
        graph.add((file, DCAT.downloadURL, file))
        graph.add((file, DCAT.accessURL, file))
        graph.add((file, DCAT.mediaType, Literal(media_type)))
        graph.add((file, DCTERMS.license, LICENCE))


def _service(
    graph: Graph,
    catalogue: URIRef,
    service: PublicService,
    operators: dict[str, str],
    addresses: Addresses,
    vendors: set[str],
) -> None:
    """A service that communes use is no data service: a resource of the catalogue, and web software."""
    node = URIRef(addresses.service(service))
    add = graph.add
    add((catalogue, RESOURCE, node))
    add((catalogue, HYDRA.member, node))
    add((node, RDF.type, DCAT.Resource))
    add((node, RDF.type, SCHEMA.WebApplication))
    add((node, DCTERMS.identifier, Literal(service.id)))
    add((node, DCTERMS.title, Literal(service.name, lang="fr")))
    add((node, DCTERMS.description, Literal(service.summary, lang="fr")))
    add((node, DCTERMS.language, FRENCH))
    add((node, DCAT.keyword, Literal(Family(service.family).label, lang="fr")))
    add((node, DCAT.landingPage, node))
    if service.listed_on:
        add((node, DCTERMS.issued, Literal(service.listed_on.isoformat(), datatype=XSD.date)))
    if service.licence:
        add((node, SCHEMA.license, Literal(service.licence)))
    vendor = URIRef(f"urn:siren:{service.vendor_siren}")
    add((node, DCTERMS.creator, vendor))
    if service.vendor_siren not in vendors:
        vendors.add(service.vendor_siren)
        add((vendor, RDF.type, FOAF.Organization))
        add((vendor, FOAF.name, Literal(service.vendor_name)))
        add((vendor, DCTERMS.identifier, Literal(service.vendor_siren)))
    for slug in service.operators:
        operator = URIRef(addresses.operator(slug))
        add((node, DCTERMS.publisher, operator))
        add((operator, RDF.type, FOAF.Organization))
        add((operator, FOAF.name, Literal(operators.get(slug, slug))))
    for claim in service.claims:
        said = BNode()
        add((node, SCHEMA.additionalProperty, said))
        add((said, RDF.type, SCHEMA.PropertyValue))
        add((said, SCHEMA.propertyID, Literal(claim["topic"])))
        add((said, SCHEMA.value, Literal(claim["level"])))
        if claim["valid_until"]:
            add((said, SCHEMA.validThrough, Literal(claim["valid_until"], datatype=XSD.date)))
