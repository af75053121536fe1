using Metering.Gateway.Tests.Hosting;

namespace Metering.Gateway.Tests;

public sealed class OpenApiTests
{
    [Fact]
    public async Task Probe()
    {
        await using var gateway = await GatewayHost.Start();
        Console.WriteLine(await gateway.Http.GetStringAsync("/openapi/v1.json", TestContext.Current.CancellationToken));
        var r = await gateway.Http.PostAsync("/v1/accounts/acme/charges", new StringContent("{\"id\":\"a\",\"meter\":\"m\",\"quantity\":\"1\"}", null, "application/json"), TestContext.Current.CancellationToken);
        Console.WriteLine(await r.Content.ReadAsStringAsync(TestContext.Current.CancellationToken));
        Console.WriteLine((await gateway.Client.ChargeAsync(new V1.ChargeRequest { Account = "a", Id = "i", Lines = { new V1.ChargeLine { Meter = "m", Quantity = new V1.Decimal { Units = 1 } } } }, cancellationToken: TestContext.Current.CancellationToken)).ToString());
    }
}
