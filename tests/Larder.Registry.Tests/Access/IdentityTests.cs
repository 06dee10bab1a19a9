using Larder.Registry.Access;
using Larder.Registry.Namespaces;
using Larder.Testing;

namespace Larder.Registry.Tests.Access;

public sealed class IdentityTestsOnSqlite(SqliteServer fixture) : IdentityTests(fixture.Server), IClassFixture<SqliteServer>;

public sealed class IdentityTestsOnPostgres(PostgresServer fixture) : IdentityTests(fixture.Server), IClassFixture<PostgresServer>;

/// <summary>Who users are at OpenID providers.</summary>
public abstract class IdentityTests(LarderServer server)
{
    private const string Issuer = "https://id.example/realm";
    private readonly CancellationToken cancel = TestContext.Current.CancellationToken;

    [Fact]
    public async Task Person_belongs_to_one_user_and_user_is_one_person_of_an_issuer()
    {
        var identities = server.Get<IdentityStore>();
        var (anna, bert) = (await server.CreateUserAsync(cancel), await server.CreateUserAsync(cancel));
        var subject = server.NewName("subject");
        (await identities.FindUserAsync(Issuer, subject, cancel)).ShouldBeNull();
        (await identities.LinkAsync(anna.Id, Issuer, subject, cancel)).ShouldBeTrue();
        (await identities.LinkAsync(anna.Id, Issuer + "/", subject, cancel)).ShouldBeTrue();
        (await identities.LinkAsync(bert.Id, Issuer, subject, cancel)).ShouldBeFalse();
        (await identities.FindUserAsync(Issuer + "/", subject, cancel)).ShouldBe(anna.Id);
        (await identities.FindUserAsync(Issuer, subject.ToUpperInvariant(), cancel)).ShouldBeNull();
        (await identities.FindUserAsync("https://other.example", subject, cancel)).ShouldBeNull();

        (await identities.LinkAsync(anna.Id, Issuer, subject + "-new", cancel)).ShouldBeTrue();
        (await identities.FindSubjectAsync(Issuer, anna.Id, cancel)).ShouldBe(subject + "-new");
        (await identities.FindUserAsync(Issuer, subject, cancel)).ShouldBeNull();
        (await identities.FindSubjectAsync(Issuer, bert.Id, cancel)).ShouldBeNull();

        var user = await server.Get<UserStore>().FindByEmailAsync($"{anna.Username.ToUpperInvariant()}@example.com", cancel);
        user!.Id.ShouldBe(anna.Id);
        (await server.Get<Removals>().RemoveUserAsync(user, cancel)).ShouldBeTrue();
        (await identities.FindUserAsync(Issuer, subject + "-new", cancel)).ShouldBeNull();
    }
}
