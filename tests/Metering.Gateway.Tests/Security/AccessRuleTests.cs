using System.Net;
using System.Net.Http.Headers;
using System.Text;
using Google.Protobuf;
using Google.Protobuf.Reflection;
using Grpc.Core;
using Metering.Contracts;
using Metering.Gateway.OpenApi;
using Metering.Gateway.Security;
using Metering.Gateway.Tests.Hosting;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Routing;
using Microsoft.Extensions.DependencyInjection;

namespace Metering.Gateway.Tests.Security;

/// <summary>Everything that can be called is called: without a key, with too little, with another account's, and with enough.</summary>
public sealed class AccessRuleTests
{
    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Every_route_and_every_method_says_who_may_call_it()
    {
        await using var gateway = await GatewayHost.Start();
        var endpoints = gateway.Services.GetServices<EndpointDataSource>().SelectMany(static source => source.Endpoints).OfType<RouteEndpoint>().ToList();

        Assert.True(endpoints.Count > 50, $"Only {endpoints.Count} endpoints were found.");
        Assert.All(endpoints, endpoint => Assert.True(endpoint.Metadata.GetMetadata<AccessRule>() is not null, $"{endpoint.DisplayName} has no rule."));
        Assert.All(
            V1.Metering.Descriptor.Methods,
            method => Assert.Contains(endpoints, endpoint => endpoint.RoutePattern.RawText == $"/metering.v1.Metering/{method.Name}"));

        // Nothing but what is the same everywhere, or whether the process is well, is told to strangers.
        var open = endpoints.Where(static endpoint => endpoint.Metadata.GetMetadata<AccessRule>()!.Role is null).Select(static endpoint => endpoint.RoutePattern.RawText!.Split('/')[1]);
        Assert.Equal(["docs", "grpc.health.v1.Health", "grpc.reflection.v1.ServerReflection", "grpc.reflection.v1alpha.ServerReflection", "healthz", "openapi"], open.Distinct().Order(StringComparer.Ordinal));
    }

    [Fact]
    public void A_route_without_a_rule_stops_the_start()
    {
        var builder = WebApplication.CreateBuilder();
        builder.Services.AddSingleton<IGrainFactory>(new FakeGrains());
        builder.AddMeteringGateway(static _ => { });
        var app = builder.Build();
        app.MapGet("/v1/forgotten", static () => "secret");

        var refused = Assert.Throws<InvalidOperationException>(() => app.MapMeteringGateway());

        Assert.Contains("/v1/forgotten", refused.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Every_route_lets_in_whom_its_rule_names_and_nobody_else()
    {
        var keys = new TestKeys();
        var ofRole = Enum.GetValues<Role>().ToDictionary(static role => role, role => keys.Add(role));
        var ofOthers = Enum.GetValues<Role>().Except([Role.Admin]).ToDictionary(static role => role, role => keys.Add(role, static key => key with { Accounts = ["other", "others-*"] }));
        await using var gateway = await keys.Start();
        var routes = gateway.Services.GetServices<EndpointDataSource>().SelectMany(static source => source.Endpoints).OfType<RouteEndpoint>()
            .Where(static endpoint => endpoint.Metadata.GetMetadata<Operation>() is not null || endpoint.RoutePattern.RawText == "/metrics").ToList();
        Assert.True(routes.Count > 25);
        foreach (var route in routes)
        {
            var rule = route.Metadata.GetMetadata<AccessRule>()!;
            if (rule.Role is not { } least)
            {
                continue;
            }

            (await Send(gateway, route, key: null)).IsProblem(HttpStatusCode.Unauthorized, "unauthenticated");
            (await Send(gateway, route, KeyText.New().Text)).IsProblem(HttpStatusCode.Unauthorized, "unauthenticated");
            foreach (var (role, key) in ofRole)
            {
                var reply = await Send(gateway, route, key);
                Assert.True((reply.Status == HttpStatusCode.Forbidden) == role < least, $"{route.DisplayName} answers {role} with {reply.Status}.");
                Assert.NotEqual(HttpStatusCode.Unauthorized, reply.Status);
            }

            foreach (var (role, key) in ofOthers)
            {
                var reply = await Send(gateway, route, key);

                // A single event names its account itself, and is refused as a whole.
                var mayCall = role >= least && rule.Scope == AccessScope.EachAccount && route.RoutePattern.RawText != "/v1/events";
                Assert.True((reply.Status == HttpStatusCode.Forbidden) == !mayCall, $"{route.DisplayName} answers {role} of other accounts with {reply.Status}.");
                Assert.DoesNotContain("acme", reply.Text, StringComparison.Ordinal);
            }
        }
    }

    [Fact]
    public async Task Every_method_lets_in_whom_its_rule_names_and_nobody_else()
    {
        var keys = new TestKeys();
        var ofRole = Enum.GetValues<Role>().ToDictionary(static role => role, role => keys.Add(role));
        var ofOthers = keys.Add(Role.Operator, static key => key with { Accounts = ["other"] });
        await using var gateway = await keys.Start();
        foreach (var method in V1.Metering.Descriptor.Methods)
        {
            var rule = gateway.Services.GetServices<EndpointDataSource>().SelectMany(static source => source.Endpoints).OfType<RouteEndpoint>()
                .Single(endpoint => endpoint.RoutePattern.RawText == $"/metering.v1.Metering/{method.Name}").Metadata.GetMetadata<AccessRule>()!;

            Assert.Equal(StatusCode.Unauthenticated, await Call(gateway, method, key: null));
            Assert.Equal(StatusCode.Unauthenticated, await Call(gateway, method, KeyText.New().Text));
            foreach (var (role, key) in ofRole)
            {
                var status = await Call(gateway, method, key);
                Assert.True((status == StatusCode.PermissionDenied) == role < rule.Role, $"{method.Name} answers {role} with {status}.");
                Assert.NotEqual(StatusCode.Unauthenticated, status);
            }

            var denied = await Call(gateway, method, ofOthers);
            Assert.True((denied == StatusCode.PermissionDenied) == (rule.Scope != AccessScope.EachAccount), $"{method.Name} answers an operator of other accounts with {denied}.");
        }
    }

    [Fact]
    public async Task What_a_request_says_it_is_does_not_change_who_may_send_it()
    {
        var keys = new TestKeys();
        await using var gateway = await keys.Start();

        var pretended = await gateway.Send(HttpMethod.Put, "/v1/accounts/acme", "{}"u8.ToArray(), "application/grpc");

        pretended.IsProblem(HttpStatusCode.Unauthorized, "unauthenticated");
        Assert.Equal("Bearer", pretended.Headers.WwwAuthenticate.Single().Scheme);
        Assert.Null(gateway.Grains.Account("acme").Settings);
        Assert.Equal(HttpStatusCode.NotFound, (await gateway.Get("/v1/nothing")).Status);
        Assert.Equal(HttpStatusCode.MethodNotAllowed, (await gateway.Send(HttpMethod.Patch, "/v1/accounts/acme", null)).Status);
        Assert.Equal(HttpStatusCode.OK, (await gateway.Get("/healthz/live")).Status);
    }

    private static async Task<Reply> Send(GatewayHost gateway, RouteEndpoint route, string? key)
    {
        var operation = route.Metadata.GetMetadata<Operation>();
        var request = operation?.Requests is [var first, ..] ? first : null;
        var path = route.RoutePattern.Parameters.Aggregate(route.RoutePattern.RawText!, static (path, parameter) => path.Replace($"{{{parameter.Name}}}", parameter.Name == "account" ? "acme" : "one", StringComparison.Ordinal));
        using var message = new HttpRequestMessage(new HttpMethod(operation?.Method ?? "GET"), path);
        if (request is not null)
        {
            message.Content = new StringContent(request.Example, Encoding.UTF8, MediaTypeHeaderValue.Parse(request.ContentType));
        }

        if (key is not null)
        {
            message.Headers.Authorization = new AuthenticationHeaderValue("Bearer", key);
        }

        // Streams of events have no end to wait for.
        using var response = await gateway.Http.SendAsync(message, HttpCompletionOption.ResponseHeadersRead, Cancellation);
        var isStream = response.Content.Headers.ContentType?.MediaType == "text/event-stream";
        return new Reply(response.StatusCode, response.Content.Headers.ContentType?.ToString() ?? "", response.Headers, isStream ? "" : await response.Content.ReadAsStringAsync(Cancellation));
    }

    private static async Task<StatusCode> Call(GatewayHost gateway, MethodDescriptor method, string? key)
    {
        var request = method.InputType.Parser.ParseFrom([]);
        var charge = method.InputType.FindFieldByName("charge") is { FieldType: FieldType.Message } inner ? inner.MessageType.Parser.ParseFrom([]) : null;
        if (charge is not null)
        {
            method.InputType.FindFieldByName("charge").Accessor.SetValue(request, charge);
        }

        var named = method.InputType.FindFieldByName("account") is not null ? request : charge;
        named?.Descriptor.FindFieldByName("account")?.Accessor.SetValue(named, "acme");
        var kind = method.IsClientStreaming ? MethodType.DuplexStreaming : method.IsServerStreaming ? MethodType.ServerStreaming : MethodType.Unary;
        var bytes = Marshallers.Create(static (byte[] message) => message, static message => message);
        var called = new Method<byte[], byte[]>(kind, V1.Metering.Descriptor.FullName, method.Name, bytes, bytes);
        var headers = new Metadata();
        if (key is not null)
        {
            headers.Add("authorization", $"Bearer {key}");
        }

        var options = new CallOptions(headers, cancellationToken: Cancellation);
        var invoker = gateway.Channel.CreateCallInvoker();
        try
        {
            if (kind == MethodType.Unary)
            {
                using var unary = invoker.AsyncUnaryCall(called, null, options, request.ToByteArray());
                await unary;
            }
            else if (kind == MethodType.ServerStreaming)
            {
                using var stream = invoker.AsyncServerStreamingCall(called, null, options, request.ToByteArray());
                await stream.ResponseStream.MoveNext(Cancellation);
            }
            else
            {
                using var stream = invoker.AsyncDuplexStreamingCall(called, null, options);
                await stream.RequestStream.CompleteAsync();
                await stream.ResponseStream.MoveNext(Cancellation);
            }

            return StatusCode.OK;
        }
        catch (RpcException refused)
        {
            return refused.StatusCode;
        }
    }
}
